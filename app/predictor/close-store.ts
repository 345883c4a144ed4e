import { within } from '../deadline.ts';
import { type Database, SYSTEM } from '../storage/database.ts';
import { traced } from '../telemetry/trace.ts';
import type { Close, Grid } from './series.ts';

/** Closing prices of a symbol's intervals before `end`, oldest first; at most `grid.most`, intervals without a price left out. */
export type CloseStore = (symbol: string, grid: Grid, end: Date) => Promise<Close[]>;

const DEADLINE_MS = 2_500;

/**
 * Reads price_history in a read-only transaction that the server itself ends after the deadline. Its cost does not
 * depend on how often the feed polls: one descent of the index an interval. Throws DeadlineExceeded or the driver's error.
 */
export function createCloseStore(database: Database): CloseStore {
  return async (symbol, grid, end) => {
    const first = new Date(end.getTime() - grid.most * grid.intervalS * 1_000);
    const width = `${grid.intervalS} seconds`;
    const read = () =>
      database.sql.begin('read only', async (sql) => {
        await sql`select set_config('statement_timeout', ${String(DEADLINE_MS)}, true)`;
        return sql<{ start: Date; price: string }[]>`
        select bucket as start, newest.price::text as price
        from generate_series(${first.toISOString()}::text::timestamptz,
          ${end.toISOString()}::text::timestamptz - ${width}::text::interval, ${width}::text::interval) as bucket
        cross join lateral (
          select price from price_history
          where symbol = ${symbol} and timestamp >= bucket and timestamp < bucket + ${width}::text::interval
          order by timestamp desc limit 1) as newest
        where newest.price > 0
        order by bucket limit ${grid.most}`;
      });
    const rows = await traced('postgresql transaction', 'client', SYSTEM, () =>
      within(DEADLINE_MS, 'the database', read()),
    );
    return rows.map(({ start, price }) => ({ start, price: Number(price) }));
  };
}
