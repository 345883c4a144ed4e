import type postgres from 'postgres';
import { lockedLimits, requireRoom } from '../accounts/room.ts';
import type { Database } from '../storage/database.ts';

/** The symbols that a user watches, in the order in which they were added. */
export interface WatchlistStore {
  list(userId: string): Promise<string[]>;
  /** Changes nothing when it is there already. Throws a 409 Problem when the plan has no room. */
  add(sql: postgres.TransactionSql, userId: string, symbol: string): Promise<void>;
  /** Changes nothing when it is not there. */
  remove(sql: postgres.TransactionSql, userId: string, symbol: string): Promise<void>;
}

export function createWatchlistStore(database: Database): WatchlistStore {
  return {
    list: async (userId) => {
      const { sql } = database;
      const rows = await database.query(sql<{ symbol: string }[]>`
        select symbol from watchlist where user_id = ${userId} order by created_at, symbol`);
      return rows.map(({ symbol }) => symbol);
    },
    add: async (sql, userId, symbol) => {
      const limits = await lockedLimits(sql, userId);
      const [others] = await sql<{ symbols: number }[]>`
        select count(*)::int as symbols from watchlist where user_id = ${userId} and symbol <> ${symbol}`;
      requireRoom(limits, 'watchlist', others?.symbols ?? 0);
      await sql`insert into watchlist (user_id, symbol) values (${userId}, ${symbol}) on conflict do nothing`;
    },
    remove: async (sql, userId, symbol) => {
      await sql`delete from watchlist where user_id = ${userId} and symbol = ${symbol}`;
    },
  };
}
