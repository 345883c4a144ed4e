import { z } from 'zod';
import { moment, wholeNumber } from '../http/schemas.ts';
import { intervalSeconds, intervalStart, intervals } from './interval.ts';
import type { CandleQuery } from './price-store.ts';

const DEFAULT_CANDLES = 100;
const MOST_CANDLES = 1_000;

export const historyParameters = z.strictObject({
  interval: z.enum(intervals, { error: `must be one of ${intervals.join(', ')}` }).default('1h'),
  from: moment().optional(),
  to: moment().optional(),
  limit: wholeNumber(1, MOST_CANDLES).default(DEFAULT_CANDLES),
});

/**
 * A bounded query: without `from` it begins `limit` intervals before `to`, without `to` it ends now. A longer
 * range keeps its newest `limit` intervals, so that no request reads more than 1,000 of them. The range is widened
 * to whole intervals: a candle is never made of half its prices. Returns undefined when `from` is not before `to`.
 */
export function historyQuery(
  symbol: string,
  parameters: z.output<typeof historyParameters>,
  now: Date,
): CandleQuery | undefined {
  const { interval, limit } = parameters;
  const width = intervalSeconds[interval] * 1_000;
  const end = parameters.to ?? now;
  if (parameters.from && parameters.from >= end) return undefined;
  const lastStart = intervalStart(new Date(end.getTime() - 1), interval).getTime();
  const earliest = lastStart - (limit - 1) * width;
  const wanted = parameters.from ? intervalStart(parameters.from, interval).getTime() : earliest;
  return {
    symbol,
    interval,
    from: new Date(Math.max(0, earliest, wanted)),
    to: new Date(lastStart + width),
    limit,
  };
}
