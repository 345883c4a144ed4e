/** An environment variable of a benchmark. */
export function wholeNumber(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return otherwise;
  if (!/^[1-9]\d*$/.test(text)) throw new RangeError(`${name} is "${text}": give a whole number from 1 on.`);
  return Number(text);
}
