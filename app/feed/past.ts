/** Something for each interval of /history to show: a month by the hour, two days by five minutes, two hours finely. */
const SPANS = [
  { spanMs: 30 * 86_400_000, stepMs: 3_600_000 },
  { spanMs: 2 * 86_400_000, stepMs: 300_000 },
  { spanMs: 2 * 3_600_000, stepMs: 15_000 },
];

/** The moments before `until` for which a feed that knows its past fills an empty database. */
export function pastMoments(until: Date): Date[] {
  const moments = new Set<number>();
  for (const { spanMs, stepMs } of SPANS) {
    const first = Math.ceil((until.getTime() - spanMs) / stepMs) * stepMs;
    for (let at = first; at < until.getTime(); at += stepMs) moments.add(at);
  }
  return [...moments].map((at) => new Date(at));
}
