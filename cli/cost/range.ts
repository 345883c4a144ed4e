/** Dollars a month: from, to. */
export interface Range {
  low: number;
  high: number;
}

export function added(a: Range, b: Range): Range {
  return { low: a.low + b.low, high: a.high + b.high };
}

export function scaled({ low, high }: Range, factor: number): Range {
  return { low: low * factor, high: high * factor };
}
