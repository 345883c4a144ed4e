import { randomUUID } from 'node:crypto';
import type postgres from 'postgres';
import { lockedLimits, requireRoom } from '../accounts/room.ts';
import type { Database } from '../storage/database.ts';
import type { Alert } from './alert.ts';
import { newWebhookSecret } from './webhook.ts';

/** The place of an alert in the list, which is newest first. */
export interface AlertPlace {
  /** Microseconds as the database has them: an ISO string with six digits. */
  readonly createdAt: string;
  readonly id: string;
}

export interface AlertPage {
  readonly alerts: Alert[];
  /** Of the last alert, when there are more. */
  readonly next: AlertPlace | undefined;
}

/** A user's alerts. Throws when the database does not answer. */
export interface AlertStore {
  list(
    userId: string,
    page: { limit: number; after: AlertPlace | undefined; fired: boolean | undefined },
  ): Promise<AlertPage>;
  find(userId: string, id: string): Promise<Alert | undefined>;
  /** Throws a 409 Problem when the plan has no room. */
  create(
    sql: postgres.TransactionSql,
    userId: string,
    wanted: Pick<Alert, 'symbol' | 'direction' | 'threshold'> & { webhookUrl: string | null },
  ): Promise<Alert>;
  /** False when the user has no such alert. */
  remove(sql: postgres.TransactionSql, userId: string, id: string): Promise<boolean>;
}

export function createAlertStore(database: Database): AlertStore {
  return {
    list: async (userId, { limit, after, fired }) => {
      const { sql } = database;
      const rows = await database.query(sql<Row[]>`
        ${selection(sql)}
        where user_id = ${userId}
          ${fired === undefined ? sql`` : fired ? sql`and fired_at is not null` : sql`and fired_at is null`}
          ${after ? sql`and (created_at, id) < (${after.createdAt}::text::timestamptz, ${after.id})` : sql``}
        order by created_at desc, id desc limit ${limit + 1}::text::int`);
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      return { alerts: shown.map(toAlert), next: last && { createdAt: last.place, id: last.id } };
    },

    find: async (userId, id) => {
      const { sql } = database;
      const [row] = await database.query(sql<Row[]>`
        ${selection(sql)} where id = ${id} and user_id = ${userId}`);
      return row && toAlert(row);
    },

    create: async (sql, userId, { symbol, direction, threshold, webhookUrl }) => {
      const limits = await lockedLimits(sql, userId);
      const [count] = await sql<{ alerts: number }[]>`
        select count(*)::int as alerts from price_alerts where user_id = ${userId} and fired_at is null`;
      requireRoom(limits, 'alerts', count?.alerts ?? 0);
      const id = randomUUID();
      const secret = webhookUrl === null ? null : newWebhookSecret();
      await sql`
        insert into price_alerts (id, user_id, symbol, direction, threshold, webhook_url, webhook_secret)
        values (${id}, ${userId}, ${symbol}, ${direction}, ${threshold}::text::numeric, ${webhookUrl}, ${secret})`;
      const [row] = await sql<Row[]>`${selection(sql)} where id = ${id}`;
      if (!row) throw new Error('the inserted alert was not found');
      return toAlert(row);
    },

    remove: async (sql, userId, id) => {
      const done = await sql`delete from price_alerts where id = ${id} and user_id = ${userId}`;
      return done.count > 0;
    },
  };
}

function selection(sql: postgres.Sql | postgres.TransactionSql) {
  return sql`
    select id, symbol, direction, trim_scale(threshold)::text as threshold, created_at as "createdAt",
      to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as place,
      fired_at as "firedAt", trim_scale(fired_price)::text as "firedPrice", fired_price_at as "firedPriceAt",
      webhook_url as url, webhook_secret as secret, status, attempts, last_error as "lastError",
      finished_at as "finishedAt"
    from price_alerts left join alert_deliveries on alert_id = id`;
}

interface Row {
  id: string;
  symbol: string;
  direction: Alert['direction'];
  threshold: string;
  createdAt: Date;
  place: string;
  firedAt: Date | null;
  firedPrice: string | null;
  firedPriceAt: Date | null;
  url: string | null;
  secret: string | null;
  status: 'pending' | 'delivered' | 'failed' | null;
  attempts: number | null;
  lastError: string | null;
  finishedAt: Date | null;
}

function toAlert(row: Row): Alert {
  const { id, symbol, direction, threshold, createdAt, firedAt, firedPrice, firedPriceAt, url, secret } = row;
  const { status, attempts, lastError, finishedAt } = row;
  const delivery = status === null ? null : { status, attempts: attempts ?? 0, lastError, finishedAt };
  return {
    id,
    symbol,
    direction,
    threshold,
    createdAt,
    fired:
      firedAt && firedPrice !== null && firedPriceAt
        ? { at: firedAt, price: firedPrice, priceAt: firedPriceAt }
        : null,
    webhook: url !== null && secret !== null ? { url, secret, delivery } : null,
  };
}
