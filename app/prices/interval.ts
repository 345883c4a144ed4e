/** Widths of a candle, in seconds. Candles are aligned to the epoch, so a day begins at 00:00 UTC. */
export const intervalSeconds = { '1m': 60, '5m': 300, '1h': 3_600, '1d': 86_400 } as const;

export type Interval = keyof typeof intervalSeconds;

export const intervals = ['1m', '5m', '1h', '1d'] as const satisfies readonly Interval[];

/** The last moment not after `at` at which a candle begins. */
export function intervalStart(at: Date, interval: Interval): Date {
  const width = intervalSeconds[interval] * 1_000;
  return new Date(Math.floor(at.getTime() / width) * width);
}
