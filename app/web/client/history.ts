import { ask } from './api.ts';
import type { Point } from './scale.ts';

interface Candles {
  readonly candles: readonly { readonly timestamp: string; readonly open: string; readonly close: string }[];
}

/** What a person chooses, and the candles that are asked for. */
export const historyRanges = {
  '1 D': { interval: '5m', limit: 288, words: 'the last day' },
  '7 D': { interval: '1h', limit: 168, words: 'the last seven days' },
  '30 D': { interval: '1h', limit: 720, words: 'the last thirty days' },
  '1 Y': { interval: '1d', limit: 365, words: 'the last year' },
} as const;
export type HistoryRange = keyof typeof historyRanges;

/** The closing prices of a range, oldest first. For drawing alone: floats are exact enough for a pixel. */
export async function history(symbol: string, range: HistoryRange): Promise<Point[]> {
  const { interval, limit } = historyRanges[range];
  const { candles } = await ask<Candles>(`/prices/${symbol}/history?interval=${interval}&limit=${limit}`);
  return candles.map(({ timestamp, close }) => ({ at: Date.parse(timestamp), value: Number(close) }));
}

/** The last 24 hours by the hour, for the table: few points for many assets. */
export async function lastDay(symbol: string): Promise<Point[]> {
  const { candles } = await ask<Candles>(`/prices/${symbol}/history?interval=1h&limit=25`);
  return candles.map(({ timestamp, open }) => ({ at: Date.parse(timestamp), value: Number(open) }));
}
