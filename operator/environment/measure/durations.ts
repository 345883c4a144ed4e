const METRIC = 'http_request_duration_seconds';
const BOUND = /(?:^|,)le="([^"]+)"/;

/** A histogram: how many answers there were, and how many took no longer than each bound, in seconds. */
export interface Durations {
  readonly count: number;
  readonly buckets: Readonly<Record<string, number>>;
}

/** Sums the histograms of all routes; undefined when the page does not know of any. */
export function durationsOf(
  page: string,
  series: readonly { name: string; labels: string; value: number }[],
): Durations | undefined {
  // A program that has answered nothing yet says that it has the metric, and no series of it.
  if (!page.includes(`# TYPE ${METRIC} histogram`) && !page.includes(`\n${METRIC}_`)) return undefined;
  const buckets: Record<string, number> = {};
  let count = 0;
  for (const { name, labels, value } of series) {
    if (name === `${METRIC}_count`) count += value;
    const bound = name === `${METRIC}_bucket` ? BOUND.exec(labels)?.[1] : undefined;
    if (bound !== undefined) buckets[bound] = (buckets[bound] ?? 0) + value;
  }
  return { count, buckets };
}

/**
 * How many answers took longer than `seconds`. Between two bounds they are taken as evenly spread, as Prometheus does; what is
 * beyond the last bound is slower than anything.
 */
export function slowerThan({ count, buckets }: Durations, seconds: number): number {
  let [below, countBelow] = [0, 0];
  for (const [bound, value] of boundsOf(buckets)) {
    if (bound >= seconds) {
      const share = bound === below ? 1 : (seconds - below) / (bound - below);
      return count - (countBelow + share * (value - countBelow));
    }
    [below, countBelow] = [bound, value];
  }
  return count - countBelow;
}

function boundsOf(buckets: Durations['buckets']): [number, number][] {
  return Object.entries(buckets)
    .map(([bound, value]): [number, number] => [Number(bound), value])
    .filter(([bound]) => Number.isFinite(bound))
    .sort(([a], [b]) => a - b);
}
