/** What a benchmark prints, one JSON object a line. */
export interface Figure {
  bench: string;
  metric: string;
  unit: string;
  ours: number | null;
  peer: number | null;
  peerName: string;
  /** ours / peer; null where either is missing or the peer's is 0. */
  ratio: number | null;
}

/** Rounded to four significant digits: more than a benchmark on a shared machine can say. */
export function figure(
  bench: string,
  metric: string,
  unit: string,
  { ours, peer, peerName }: { ours: number | undefined; peer: number | undefined; peerName: string },
): Figure {
  const known = (value: number | undefined) =>
    value === undefined || !Number.isFinite(value) ? null : Number(value.toPrecision(4));
  const isComparable = known(ours) !== null && known(peer) !== null && peer !== 0;
  const ratio = isComparable ? known((ours as number) / (peer as number)) : null;
  return { bench, metric, unit, ours: known(ours), peer: known(peer), peerName, ratio };
}
