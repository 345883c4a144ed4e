import type { Database } from '../storage/database.ts';

/** Rows of a moment may be written some time after it; they are looked at again so long. */
const OVERLAP = '5 minutes';
/** So many alerts fire in one transaction; the others follow in the next. */
const MOST_AT_ONCE = 1_000;
const DEADLINE_MS = 30_000;

/**
 * Fires every alert that a price recorded since the last evaluation has reached, and queues the messages to webhooks in the
 * same transaction. Returns how many fired. It may run on several replicas at once, and an alert fires once all the
 * same: the row that says how far the evaluation is is the lock, and a fired alert is never fired again.
 */
export async function fireAlerts(database: Database): Promise<number> {
  let fired: number;
  let all = 0;
  do {
    fired = await database.transaction(async (sql) => {
      const [span] = await sql<{ begin: string }[]>`
        select (evaluated_until - ${OVERLAP}::text::interval)::text as begin from alert_evaluation for update`;
      if (!span) throw new Error('alert_evaluation has no row; the migration inserts it');
      // Few symbols have a price that reaches any alert: the highs and lows tell which, before any alert is read.
      const rows = await sql`
        with extremes as materialized (
          select symbol, max(price) as high, min(price) as low from price_history
          where timestamp > ${span.begin}::text::timestamptz
            and symbol in (select symbol from price_alerts where fired_at is null)
          group by symbol),
        reached as (
          select alert.id, first.price, first.timestamp
          from price_alerts as alert join extremes using (symbol)
          cross join lateral (
            select price, timestamp from price_history
            where symbol = alert.symbol and timestamp > ${span.begin}::text::timestamptz
              and timestamp > alert.created_at
              and case when direction = 'above' then price >= threshold else price <= threshold end
            order by timestamp limit 1) as first
          where fired_at is null
            and (direction = 'above' and threshold <= high or direction = 'below' and threshold >= low)
          limit ${String(MOST_AT_ONCE)}::text::int),
        fired as (
          update price_alerts
          set fired_at = current_timestamp, fired_price = reached.price, fired_price_at = reached.timestamp
          from reached where price_alerts.id = reached.id and fired_at is null
          returning price_alerts.id, webhook_url),
        queued as (
          insert into alert_deliveries (alert_id) select id from fired where webhook_url is not null)
        select id from fired`;
      if (rows.length < MOST_AT_ONCE)
        await sql`update alert_evaluation set evaluated_until = current_timestamp`;
      return rows.length;
    }, DEADLINE_MS);
    all += fired;
  } while (fired === MOST_AT_ONCE);
  return all;
}
