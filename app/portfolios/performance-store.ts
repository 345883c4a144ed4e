import type { Database } from '../storage/database.ts';
import type { PricesAt, QuantityChange } from './performance.ts';
import type { Portfolio } from './portfolio.ts';

/** How far back, and in what steps (seconds): some hundred points each. */
export const ranges = {
  '1d': { steps: 96, stepS: 900 },
  '7d': { steps: 168, stepS: 3_600 },
  '30d': { steps: 180, stepS: 14_400 },
  '1y': { steps: 365, stepS: 86_400 },
} as const;
export type Range = keyof typeof ranges;

/** An older price than this says nothing of a moment. */
const OLDEST_PRICE = '7 days';

/** Reads what a portfolio's performance is computed from. Throws when the database does not answer. */
export interface PerformanceStore {
  /** The newest price at or before each step of a range that ends at `now`, oldest step first. */
  pricesOver(symbols: readonly string[], range: Range, now: Date): Promise<PricesAt[]>;
  /** In the order of time. */
  changesOf(portfolio: Portfolio): Promise<QuantityChange[]>;
}

export function createPerformanceStore(database: Database): PerformanceStore {
  return {
    pricesOver: async (symbols, range, now) => {
      const { steps, stepS } = ranges[range];
      const { sql } = database;
      // Each price is one descent of the index (symbol, timestamp).
      const rows = await database.query(sql<{ at: Date; symbol: string | null; price: string | null }[]>`
        select at, newest.symbol, trim_scale(newest.price)::text as price
        from (
          select ${now.toISOString()}::text::timestamptz - step * ${`${stepS} seconds`}::text::interval as at
          from generate_series(0, ${steps}::text::int) as step) as moments
        left join lateral (
          select wanted.symbol, price_history.price
          from unnest(string_to_array(${symbols.join(',')}, ',')) as wanted(symbol)
          cross join lateral (
            select price from price_history
            where symbol = wanted.symbol and timestamp <= moments.at
              and timestamp > moments.at - ${OLDEST_PRICE}::text::interval
            order by timestamp desc limit 1) as price_history) as newest on true
        order by at`);
      const moments = new Map<number, Map<string, string>>();
      for (const { at, symbol, price } of rows) {
        const prices = moments.get(at.getTime()) ?? new Map<string, string>();
        moments.set(at.getTime(), prices);
        if (symbol !== null && price !== null) prices.set(symbol, price);
      }
      return [...moments].map(([at, prices]) => ({ at, prices }));
    },

    changesOf: async ({ id }) => {
      const { sql } = database;
      const rows = await database.query(sql<{ symbol: string; at: Date; quantity: string }[]>`
        select symbol, changed_at as at, trim_scale(quantity)::text as quantity
        from holding_changes where portfolio_id = ${id} order by changed_at, symbol`);
      return rows.map(({ symbol, at, quantity }) => ({ symbol, at: at.getTime(), quantity }));
    },
  };
}
