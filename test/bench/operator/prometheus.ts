/** One sample of Prometheus text: name, labels and value. */
interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** Upper bounds in seconds with the observations up to each, the last bound is Infinity. */
export type Buckets = [bound: number, count: number][];

/** The samples of a Prometheus text; comments are left out. */
function samplesOf(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    const [, name, labels = '', value] = line.match(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/) ?? [];
    if (name === undefined || value === undefined) continue;
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text]);
    samples.push({
      name,
      labels: Object.fromEntries(pairs),
      value: Number(value.replace('Inf', 'Infinity')),
    });
  }
  return samples;
}

/** The sum of all samples with this name; 0 when there is none. */
export function total(text: string, name: string): number {
  return samplesOf(text).reduce((sum, sample) => sum + (sample.name === name ? sample.value : 0), 0);
}

/** A histogram without labels of its own. */
export function bucketsOf(text: string, name: string): Buckets {
  return samplesOf(text)
    .filter((sample) => sample.name === `${name}_bucket`)
    .map(({ labels, value }): [number, number] => [
      Number((labels.le ?? '').replace('+Inf', 'Infinity')),
      value,
    ])
    .sort(([a], [b]) => a - b);
}

/** What was observed between two looks at the same histogram. */
export function between(before: Buckets, after: Buckets): Buckets {
  const earlier = new Map(before);
  return after.map(([bound, count]) => [bound, count - (earlier.get(bound) ?? 0)]);
}

/**
 * The value below which the share `q` of the observations lies, evenly spread inside its bucket, as Prometheus'
 * histogram_quantile has it. NaN without observations; the last finite bound for what lies beyond it.
 */
export function quantile(buckets: Buckets, q: number): number {
  const all = buckets.at(-1)?.[1] ?? 0;
  if (all === 0) return Number.NaN;
  const rank = q * all;
  let [lower, below] = [0, 0];
  for (const [bound, count] of buckets) {
    if (count >= rank && bound === Number.POSITIVE_INFINITY) return lower;
    if (count >= rank) return lower + ((bound - lower) * (rank - below)) / Math.max(1, count - below);
    [lower, below] = [bound, count];
  }
  return lower;
}
