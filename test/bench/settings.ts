/** An environment variable of a benchmark. */
export function wholeNumber(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return otherwise;
  if (!/^[1-9]\d*$/.test(text)) throw new RangeError(`${name} is "${text}": give a whole number from 1 on.`);
  return Number(text);
}

/**
 * The parts of a benchmark that `text` names, with commas between them; all of them when it is empty. Throws a RangeError
 * with one sentence for a name that is none of them.
 */
export function wantedParts<Part extends string>(
  parts: readonly Part[],
  text: string | undefined,
): readonly Part[] {
  if (!text) return parts;
  const wanted = text.split(',').map((name) => name.trim());
  const isPart = (name: string): name is Part => parts.some((part) => part === name);
  const unknown = wanted.find((name) => !isPart(name));
  if (unknown !== undefined)
    throw new RangeError(`BENCH_PARTS has "${unknown}": give some of ${parts.join(', ')}.`);
  return wanted.filter(isPart);
}
