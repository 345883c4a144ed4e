import { z } from 'zod';
import { cursors } from '../http/cursor.ts';
import { Problem } from '../http/problem.ts';
import { moment, wholeNumber } from '../http/schemas.ts';
import { intervalSeconds, intervalStart, intervals } from './interval.ts';
import type { CandleQuery } from './price-store.ts';

const DEFAULT_CANDLES = 100;
const MOST_CANDLES = 1_000;

/** The page before: candles whose intervals begin before this moment. */
const historyCursors = cursors('history', z.object({ before: z.iso.datetime() }));

export const historyParameters = z.strictObject({
  interval: z.enum(intervals, { error: `must be one of ${intervals.join(', ')}` }).default('1h'),
  from: moment().optional(),
  to: moment().optional(),
  limit: wholeNumber(1, MOST_CANDLES).default(DEFAULT_CANDLES),
  cursor: historyCursors.parameter.describe('The nextCursor of the answer before').optional(),
});
type HistoryParameters = z.output<typeof historyParameters>;

/** A page of a history, and the cursor of the older page when `from` lies before this one. */
export interface HistoryPage {
  readonly query: CandleQuery;
  readonly nextCursor: string | null;
}

/**
 * The page that is asked for. Throws a 400 Problem when `from` is not before `to`, or the cursor is not one of this
 * question.
 */
export function historyPage(symbol: string, parameters: HistoryParameters, now: Date): HistoryPage {
  const { interval, from, to, cursor } = parameters;
  const scope = [symbol, interval, from ?? null, to ?? null];
  const place = cursor === undefined ? undefined : historyCursors.decode(cursor, scope);
  if (cursor !== undefined && !place)
    throw wrong('cursor', 'must be the nextCursor of an answer to the same question');
  const end = place ? new Date(place.before) : (to ?? now);
  const query = historyQuery(symbol, { ...parameters, to: end }, now);
  if (!query) throw wrong('from', 'must be before "to" (which is now when it is not given)');
  const isComplete = !from || intervalStart(from, interval) >= query.from;
  const nextCursor = isComplete ? null : historyCursors.encode({ before: query.from.toISOString() }, scope);
  return { query, nextCursor };
}

function wrong(parameter: string, detail: string): Problem {
  return new Problem({
    status: 400,
    kind: 'wrong-parameter',
    detail: `The parameter "${parameter}" ${detail}.`,
    errors: [{ parameter, detail }],
  });
}

/**
 * A bounded query: without `from` it begins `limit` intervals before `to`, without `to` it ends now. A longer
 * range keeps its newest `limit` intervals, so that no request reads more than 1,000 of them. The range is widened
 * to whole intervals: a candle is never made of half its prices. Returns undefined when `from` is not before `to`.
 */
export function historyQuery(
  symbol: string,
  parameters: HistoryParameters,
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
