import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type postgres from 'postgres';
import { z } from 'zod';
import { within } from '../deadline.ts';
import type { Quote } from '../feed/feed.ts';
import type { Database } from '../storage/database.ts';
import { assets } from './assets.ts';
import { type Interval, intervalSeconds } from './interval.ts';

/**
 * A price as the API shows it. Amounts are decimal strings in US dollars: they never pass through a float.
 * `volume24h` is what was traded in the 24 hours before.
 */
export const priceSchema = z.object({
  symbol: z.string(),
  price: z.string(),
  volume24h: z.string().nullable(),
  timestamp: z.string(),
});
export type Price = z.output<typeof priceSchema>;

/**
 * What happened in one interval, from `timestamp` on. `volume24h` is the last one seen in it: feeds report a
 * rolling sum, and sums of those would count each trade many times.
 */
export interface Candle {
  readonly timestamp: string;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume24h: string | null;
}

export interface CandleQuery {
  readonly symbol: string;
  readonly interval: Interval;
  /** Inclusive; a candle belongs here when its interval begins in [from, to). */
  readonly from: Date;
  readonly to: Date;
  readonly limit: number;
}

/** price_history in PostgreSQL. Throws DeadlineExceeded or the driver's error when the database does not answer. */
export interface PriceStore {
  newest(symbol: string): Promise<Price | undefined>;
  newestOfAll(symbols: readonly string[]): Promise<Price[]>;
  /** Prices after `from`, oldest first, at most `limit`, the newest ones of them. */
  since(from: Date, limit: number): Promise<Price[]>;
  /** The newest `limit` candles of the range, oldest first. Intervals without a price have no candle. */
  candles(query: CandleQuery): Promise<Candle[]>;
  isEmpty(): Promise<boolean>;
  /** Writes quotes that are not there yet, all or none, and returns how many were new. */
  insert(quotes: readonly Quote[]): Promise<number>;
  /** Makes room for rows of the coming weeks, so that none has to go to the default partition. */
  prepareFor(from: Date, to: Date): Promise<void>;
}

const symbols = assets.map(({ symbol }) => symbol);
const INSERT_DEADLINE_MS = 30_000;
/** A poll is one INSERT; from here on COPY is faster in spite of its temporary table. */
const ROWS_WORTH_A_COPY = 500;

export function createPriceStore(database: Database): PriceStore {
  return {
    newest: async (symbol) => {
      const { sql } = database;
      const rows = await database.query(sql<Row[]>`
        select symbol, trim_scale(price)::text as price, trim_scale(volume)::text as volume, timestamp
        from price_history where symbol = ${symbol} order by timestamp desc limit 1`);
      return rows[0] && toPrice(rows[0]);
    },

    newestOfAll: async (wanted) => {
      const { sql } = database;
      // One descent of the index a symbol; DISTINCT ON would read the whole table.
      const rows = await database.query(sql<Row[]>`
        select newest.* from unnest(string_to_array(${wanted.join(',')}, ',')) as wanted(symbol)
        cross join lateral (
          select symbol, trim_scale(price)::text as price, trim_scale(volume)::text as volume, timestamp
          from price_history where symbol = wanted.symbol order by timestamp desc limit 1) as newest`);
      return rows.map(toPrice);
    },

    since: async (from, limit) => {
      const { sql } = database;
      const rows = await database.query(sql<Row[]>`
        select symbol, trim_scale(price)::text as price, trim_scale(volume)::text as volume, timestamp
        from unnest(string_to_array(${symbols.join(',')}, ',')) as wanted(name)
        cross join lateral (
          select * from price_history where symbol = wanted.name and timestamp > ${from.toISOString()}::text::timestamptz
          order by timestamp desc limit ${Math.ceil(limit / symbols.length)}) as found
        order by timestamp, symbol`);
      return rows.map(toPrice);
    },

    candles: async ({ symbol, interval, from, to, limit }) => {
      const { sql } = database;
      const width = `${intervalSeconds[interval]} seconds`;
      const rows = await database.query(sql<CandleRow[]>`
        select bucket,
          trim_scale((array_agg(price order by timestamp))[1])::text as open,
          trim_scale(max(price))::text as high,
          trim_scale(min(price))::text as low,
          trim_scale((array_agg(price order by timestamp desc))[1])::text as close,
          trim_scale((array_agg(volume order by timestamp desc))[1])::text as volume
        from (
          select date_bin(${width}::text::interval, timestamp, timestamptz 'epoch') as bucket, timestamp, price, volume
          from price_history
          where symbol = ${symbol} and timestamp >= ${from.toISOString()}::text::timestamptz
            and timestamp < ${to.toISOString()}::text::timestamptz) as rows
        group by bucket order by bucket desc limit ${limit}`);
      return rows.reverse().map(({ bucket, volume, ...amounts }) => ({
        timestamp: bucket.toISOString(),
        ...amounts,
        volume24h: volume,
      }));
    },

    isEmpty: async () => {
      const { sql } = database;
      const rows = await database.query(sql`select 1 from price_history limit 1`);
      return rows.length === 0;
    },

    insert: async (quotes) => {
      const rows = quotes.map(({ symbol, timestamp, price, volume24h }) => ({
        symbol,
        timestamp: timestamp.toISOString(),
        price,
        volume: volume24h,
      }));
      if (rows.length === 0) return 0;
      // All or nothing: a history that was interrupted half-way would never be completed.
      const writing = database.sql.begin(async (sql) => {
        if (rows.length > ROWS_WORTH_A_COPY) return copy(sql, rows);
        const done = await sql`
          insert into price_history ${sql(rows)} on conflict (symbol, timestamp) do nothing`;
        return done.count;
      });
      return within(INSERT_DEADLINE_MS, 'the database', writing);
    },

    prepareFor: async (from, to) => {
      const { sql } = database;
      await database.query(
        sql`select price_history_prepare(
          ${from.toISOString()}::text::timestamptz, ${to.toISOString()}::text::timestamptz)`,
        INSERT_DEADLINE_MS,
      );
    },
  };
}

interface InsertedRow {
  readonly symbol: string;
  readonly timestamp: string;
  readonly price: string;
  readonly volume: string | null;
}

/** Writes many rows by COPY, which knows no conflicts, through a table that ends with the transaction. */
async function copy(sql: postgres.TransactionSql, rows: readonly InsertedRow[]): Promise<number> {
  await sql`
    create temporary table incoming_prices (symbol text, timestamp timestamptz, price numeric, volume numeric)
    on commit drop`;
  const stream = await sql`copy incoming_prices from stdin`.writable();
  // Symbols, times and decimals hold none of the characters that COPY's text format would have to escape.
  const lines = rows.map(
    ({ symbol, timestamp, price, volume }) => `${symbol}\t${timestamp}\t${price}\t${volume ?? '\\N'}\n`,
  );
  await pipeline(Readable.from(chunksOf(lines)), stream);
  const done = await sql`
    insert into price_history (symbol, timestamp, price, volume)
    select symbol, timestamp, price, volume from incoming_prices on conflict (symbol, timestamp) do nothing`;
  return done.count;
}

function* chunksOf(lines: readonly string[]): Generator<string> {
  for (let first = 0; first < lines.length; first += ROWS_WORTH_A_COPY)
    yield lines.slice(first, first + ROWS_WORTH_A_COPY).join('');
}

interface Row {
  symbol: string;
  price: string;
  volume: string | null;
  timestamp: Date;
}

interface CandleRow {
  bucket: Date;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: string | null;
}

const toPrice = ({ symbol, price, volume, timestamp }: Row): Price => ({
  symbol,
  price,
  volume24h: volume,
  timestamp: timestamp.toISOString(),
});
