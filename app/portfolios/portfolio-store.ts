import { randomUUID } from 'node:crypto';
import type postgres from 'postgres';
import { lockedLimits, requireRoom } from '../accounts/room.ts';
import { Problem } from '../http/problem.ts';
import type { Database } from '../storage/database.ts';
import type { Holding, Portfolio } from './portfolio.ts';

type Transaction = postgres.TransactionSql;

/**
 * Portfolios in the database. Writes go through the caller's transaction, and wait for one another: the portfolio's row is
 * the lock. They throw a 404 Problem when the user has no such portfolio, and a 409 one when the plan has no room.
 */
export interface PortfolioStore {
  /** Oldest first. */
  list(userId: string): Promise<Portfolio[]>;
  create(
    sql: Transaction,
    userId: string,
    wanted: { name: string; holdings: readonly Holding[] },
  ): Promise<Portfolio>;
  rename(sql: Transaction, userId: string, id: string, name: string): Promise<Portfolio>;
  remove(sql: Transaction, userId: string, id: string): Promise<void>;
  /** Makes these the holdings, and removes every other one. */
  replaceHoldings(
    sql: Transaction,
    userId: string,
    id: string,
    holdings: readonly Holding[],
  ): Promise<Portfolio>;
  setHolding(sql: Transaction, userId: string, id: string, holding: Holding): Promise<Portfolio>;
  /** A 404 Problem, too, when there is no such holding. */
  removeHolding(sql: Transaction, userId: string, id: string, symbol: string): Promise<Portfolio>;
}

export function createPortfolioStore(database: Database): PortfolioStore {
  return {
    list: async (userId) => database.query(portfoliosOf(database.sql, userId)),

    create: async (sql, userId, { name, holdings }) => {
      const limits = await lockedLimits(sql, userId);
      const [count] = await sql<{ portfolios: number }[]>`
        select count(*)::int as portfolios from portfolios where user_id = ${userId}`;
      requireRoom(limits, 'portfolios', count?.portfolios ?? 0);
      requireRoom(limits, 'holdings', holdings.length - 1);
      const id = randomUUID();
      await sql`insert into portfolios (id, user_id, name) values (${id}, ${userId}, ${name})`;
      for (const holding of holdings) await upsert(sql, id, holding);
      return one(sql, userId, id);
    },

    rename: async (sql, userId, id, name) => {
      await lock(sql, userId, id);
      await sql`update portfolios set name = ${name} where id = ${id}`;
      return one(sql, userId, id);
    },

    remove: async (sql, userId, id) => {
      const done = await sql`delete from portfolios where id = ${id} and user_id = ${userId}`;
      if (done.count === 0) throw noSuchPortfolio();
    },

    replaceHoldings: async (sql, userId, id, holdings) => {
      const limits = await lockedLimits(sql, userId);
      await lock(sql, userId, id);
      requireRoom(limits, 'holdings', holdings.length - 1);
      const kept = new Set(holdings.map(({ symbol }) => symbol));
      const present = await sql<{ symbol: string }[]>`select symbol from holdings where portfolio_id = ${id}`;
      for (const { symbol } of present) if (!kept.has(symbol)) await drop(sql, id, symbol);
      for (const holding of holdings) await upsert(sql, id, holding);
      return one(sql, userId, id);
    },

    setHolding: async (sql, userId, id, holding) => {
      const limits = await lockedLimits(sql, userId);
      await lock(sql, userId, id);
      const [others] = await sql<{ holdings: number }[]>`
        select count(*)::int as holdings from holdings
        where portfolio_id = ${id} and symbol <> ${holding.symbol}`;
      requireRoom(limits, 'holdings', others?.holdings ?? 0);
      await upsert(sql, id, holding);
      return one(sql, userId, id);
    },

    removeHolding: async (sql, userId, id, symbol) => {
      await lock(sql, userId, id);
      if (!(await drop(sql, id, symbol))) {
        const detail = `There is no ${symbol} in this portfolio.`;
        throw new Problem({ status: 404, kind: 'no-such-holding', detail });
      }
      return one(sql, userId, id);
    },
  };
}

/** To another user's portfolio the answer is the same as to one that does not exist. */
export const noSuchPortfolio = () =>
  new Problem({ status: 404, kind: 'no-such-portfolio', detail: 'You have no such portfolio.' });

async function lock(sql: Transaction, userId: string, id: string): Promise<void> {
  const done = await sql`
    update portfolios set updated_at = clock_timestamp() where id = ${id} and user_id = ${userId}`;
  if (done.count === 0) throw noSuchPortfolio();
}

async function upsert(sql: Transaction, id: string, { symbol, quantity, unitCost }: Holding): Promise<void> {
  await sql`
    with change as (
      insert into holding_changes (portfolio_id, symbol, quantity)
      select ${id}, ${symbol}, ${quantity}::text::numeric
      where not exists (select from holdings
        where portfolio_id = ${id} and symbol = ${symbol} and quantity = ${quantity}::text::numeric))
    insert into holdings (portfolio_id, symbol, quantity, unit_cost)
    values (${id}, ${symbol}, ${quantity}::text::numeric, ${unitCost}::text::numeric)
    on conflict (portfolio_id, symbol) do update
      set quantity = excluded.quantity, unit_cost = excluded.unit_cost, updated_at = current_timestamp`;
}

async function drop(sql: Transaction, id: string, symbol: string): Promise<boolean> {
  const done = await sql`
    with gone as (delete from holdings where portfolio_id = ${id} and symbol = ${symbol} returning symbol)
    insert into holding_changes (portfolio_id, symbol, quantity) select ${id}, symbol, 0 from gone`;
  return done.count > 0;
}

async function one(sql: Transaction, userId: string, id: string): Promise<Portfolio> {
  const [found] = (await portfoliosOf(sql, userId)).filter((portfolio) => portfolio.id === id);
  if (!found) throw noSuchPortfolio();
  return found;
}

/** One query for all portfolios with their holdings: a user has few of either. */
function portfoliosOf(sql: postgres.Sql | Transaction, userId: string) {
  // The database makes the texts: a float never sees an amount.
  return sql<Portfolio[]>`
    select id, name, ${isoTime(sql, 'portfolios.created_at')} as "createdAt",
      ${isoTime(sql, 'portfolios.updated_at')} as "updatedAt",
      coalesce((
        select json_agg(json_build_object('symbol', symbol, 'quantity', trim_scale(quantity)::text,
          'unitCost', trim_scale(unit_cost)::text) order by symbol)
        from holdings where portfolio_id = portfolios.id), '[]'::json) as holdings
    from portfolios where user_id = ${userId} order by portfolios.created_at, id`;
}

function isoTime(sql: postgres.Sql | Transaction, column: string) {
  return sql.unsafe(`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`);
}
