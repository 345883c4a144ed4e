import { z } from 'zod';
import { intervalSeconds, intervalStart, intervals } from './interval.ts';
import type { CandleQuery } from './price-store.ts';

const DEFAULT_CANDLES = 100;
const MOST_CANDLES = 1_000;

const time = (parameter: string) =>
  z.iso
    .datetime({ offset: true, error: 'must be a time such as 2026-01-31T12:00:00Z' })
    .transform((text) => new Date(text))
    .refine((date) => date.getTime() >= 0, { error: 'must not be before 1970' })
    .optional()
    .meta({ parameter });

export const historyParameters = z.strictObject({
  interval: z.enum(intervals, { error: `must be one of ${intervals.join(', ')}` }).default('1h'),
  from: time('from'),
  to: time('to'),
  limit: z
    .string({ error: 'must be given once' })
    .regex(/^\d{1,6}$/, { error: `must be a whole number from 1 to ${MOST_CANDLES}` })
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= MOST_CANDLES, {
      error: `must be a whole number from 1 to ${MOST_CANDLES}`,
    })
    .default(DEFAULT_CANDLES),
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
