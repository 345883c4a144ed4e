import type { Database } from '../storage/database.ts';
import type { Outcome, WebhookSender } from './webhook.ts';

const AT_ONCE = 10;
const MOST_ATTEMPTS = 8;
/** Longer than an attempt takes; whoever died in the middle of one is replaced after it. */
const CLAIM_S = 60;

/** The pause after the n-th attempt, in seconds: 10 s, 40 s, ... some eleven hours after the seventh. */
export const pauseS = (attempts: number): number => 10 * 4 ** (attempts - 1);

interface Claimed {
  id: string;
  url: string;
  secret: string;
  attempts: number;
  symbol: string;
  direction: string;
  threshold: string;
  price: string;
  priceAt: Date;
  firedAt: Date;
}

/**
 * Sends the messages that are due, each at least once: several replicas take different ones, and an attempt whose outcome
 * could not be written is repeated with the same id. Returns how many attempts were made.
 */
export async function deliverMessages(database: Database, sender: WebhookSender): Promise<number> {
  const claimed = await claim(database);
  await Promise.all(
    claimed.map(async (delivery) => {
      const outcome = await sender.send({
        url: delivery.url,
        secret: delivery.secret,
        id: delivery.id,
        body: bodyOf(delivery),
      });
      await settle(database, delivery, outcome);
    }),
  );
  return claimed.length;
}

function bodyOf({ id, symbol, direction, threshold, price, priceAt, firedAt }: Claimed): string {
  return JSON.stringify({
    type: 'price_alert.fired',
    timestamp: firedAt.toISOString(),
    data: { alertId: id, symbol, direction, threshold, price, priceAt: priceAt.toISOString() },
  });
}

async function claim(database: Database): Promise<Claimed[]> {
  const { sql } = database;
  const rows = await database.query(sql<Claimed[]>`
    with due as (
      select alert_id from alert_deliveries
      where status = 'pending' and next_attempt_at <= current_timestamp
      order by next_attempt_at limit ${String(AT_ONCE)}::text::int for update skip locked),
    claimed as (
      update alert_deliveries
      set attempts = attempts + 1, next_attempt_at = current_timestamp + ${`${CLAIM_S} seconds`}::text::interval
      where alert_id in (select alert_id from due)
      returning alert_id, attempts)
    select id, webhook_url as url, webhook_secret as secret, attempts, symbol, direction,
      trim_scale(threshold)::text as threshold, trim_scale(fired_price)::text as price,
      fired_price_at as "priceAt", fired_at as "firedAt"
    from claimed join price_alerts on id = alert_id`);
  return [...rows];
}

async function settle(database: Database, { id, attempts }: Claimed, outcome: Outcome): Promise<void> {
  const { sql } = database;
  if (outcome.result === 'delivered') {
    await database.query(sql`
      update alert_deliveries set status = 'delivered', last_error = null, finished_at = current_timestamp
      where alert_id = ${id}`);
  } else if (outcome.result === 'refused' || attempts >= MOST_ATTEMPTS) {
    await database.query(sql`
      update alert_deliveries set status = 'failed', last_error = ${outcome.detail}, finished_at = current_timestamp
      where alert_id = ${id}`);
  } else {
    await database.query(sql`
      update alert_deliveries set last_error = ${outcome.detail},
        next_attempt_at = current_timestamp + ${`${pauseS(attempts)} seconds`}::text::interval
      where alert_id = ${id}`);
  }
}
