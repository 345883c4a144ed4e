import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { createClient } from 'redis';
import * as assert from 'uvu/assert';
import { deliverMessages } from '../../../app/alerts/delivery.ts';
import { fireAlerts } from '../../../app/alerts/evaluation.ts';
import { createWebhookSender, signatureOf } from '../../../app/alerts/webhook.ts';
import { fixedUrl } from '../../../app/connection-url.ts';
import { type Database, openDatabase } from '../../../app/storage/database.ts';
import { suite } from '../../harness/suite.ts';
import { cacheUrl, databaseUrl } from '../containers.ts';
import { Client, type Reply } from './client.ts';
import { eventually, World } from './world.ts';

const test = suite('price alerts');
const world = new World();
/** An API whose own evaluation is too rare to disturb; the tests do it themselves. */
let url: string;
let database: Database;
let receiver: Receiver;

test.before(async () => {
  await world.start();
  database = openDatabase({
    url: fixedUrl(databaseUrl(world.parts.pooler), ['postgresql:']),
    poolSize: 8,
    applicationName: 'test',
  });
  receiver = await Receiver.start();
  ({ url } = await world.serve({ WEBHOOK_TARGETS: 'any', ALERT_INTERVAL_MS: '3600000' }));
  // It looks once at the start.
  await eventually(
    5_000,
    () => world.parts.sql`select 1 from alert_evaluation where evaluated_until > now() - interval '1 minute'`,
    (rows) => rows.length === 1,
  );
});
test.after(async () => {
  await database?.end(1_000);
  receiver?.stop();
  await world.stop();
});

/** A webhook that keeps what it gets and answers as it is told. */
class Receiver {
  readonly got: { headers: IncomingHttpHeaders; body: string }[] = [];
  status = 200;
  readonly #server: Server;
  url = '';

  static async start(): Promise<Receiver> {
    const made = new Receiver();
    made.#server.listen(0, '127.0.0.1');
    await once(made.#server, 'listening');
    const address = made.#server.address();
    made.url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/hook`;
    return made;
  }

  constructor() {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      this.got.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      response
        .writeHead(this.status, this.status === 302 ? { location: this.url } : {})
        .end('seen by nobody');
    });
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

let second = 0;
/** A price a little later than now, so that it is after every alert that is there; or of another time. */
async function price(symbol: string, amount: string, time?: number): Promise<void> {
  second += 1;
  const at = new Date(time ?? Date.now() + second * 10).toISOString();
  await world.parts
    .sql`insert into price_history (symbol, timestamp, price) values (${symbol}, ${at}, ${amount})`;
}

const alert = { symbol: 'BTC', direction: 'above', threshold: '100' };
const fired = (answer: Reply) => answer.body.fired?.price ?? null;

test('an alert fires once, at the first price beyond its threshold that was recorded after it', async () => {
  const ann = await Client.registered(url);
  await price('BTC', '150', Date.now() - 1_000);
  const above = await ann.post('/alerts', { ...alert, threshold: '100.50' });
  assert.is(above.status, 201);
  assert.is(above.body.threshold, '100.5');
  const below = await ann.post('/alerts', { symbol: 'eth', direction: 'below', threshold: '10' });
  const path = `/alerts/${above.body.id}`;
  assert.is(await fireAlerts(database), 0);
  await price('BTC', '100.49');
  await price('ETH', '11');
  assert.is(await fireAlerts(database), 0);
  await price('BTC', '100.5');
  await price('BTC', '300');
  assert.is(await fireAlerts(database), 1);
  assert.is(fired(await ann.get(path)), '100.5');
  await price('BTC', '400');
  await price('ETH', '9.99999999');
  assert.is(await fireAlerts(database), 1);
  assert.is(fired(await ann.get(path)), '100.5');
  assert.is(fired(await ann.get(`/alerts/${below.body.id}`)), '9.99999999');
});

test('a price between two evaluations is seen, although the newest one is back', async () => {
  const ann = await Client.registered(url);
  const { body } = await ann.post('/alerts', { symbol: 'SOL', direction: 'above', threshold: '50' });
  for (const amount of ['49', '51', '48']) await price('SOL', amount);
  await fireAlerts(database);
  assert.is(fired(await ann.get(`/alerts/${body.id}`)), '51');
});

test('of four evaluations at once each alert is fired by one', async () => {
  const ann = await Client.registered(url);
  for (let index = 0; index < 20; index++)
    assert.is(
      (
        await ann.post('/alerts', {
          symbol: 'BNB',
          direction: 'above',
          threshold: '5',
          webhookUrl: receiver.url,
        })
      ).status,
      201,
    );
  await price('BNB', '6');
  const counts = await Promise.all([1, 2, 3, 4].map(() => fireAlerts(database)));
  assert.is(
    counts.reduce((sum, count) => sum + count, 0),
    20,
  );
  // And each is told once, by whoever takes it.
  receiver.got.length = 0;
  const senders = [1, 2, 3].map(() => createWebhookSender('any'));
  await Promise.all(
    senders.map(async (sender) => {
      while ((await deliverMessages(database, sender)) > 0);
      await sender.close();
    }),
  );
  const ids = receiver.got.map(({ headers }) => headers['webhook-id']);
  assert.is(ids.length, 20);
  assert.is(new Set(ids).size, 20);
});

test('a webhook gets a signed message, again until it takes it, and a user sees how it went', async () => {
  const ann = await Client.registered(url);
  const { body } = await ann.post('/alerts', {
    symbol: 'XRP',
    direction: 'above',
    threshold: '1',
    webhookUrl: receiver.url,
  });
  assert.match(body.webhook.secret, /^whsec_/);
  assert.is(body.webhook.delivery, null);
  assert.is((await ann.get('/alerts')).body.alerts[0].webhook.secret, undefined);
  await price('XRP', '1.5');
  await fireAlerts(database);
  receiver.got.length = 0;
  receiver.status = 500;
  const sender = createWebhookSender('any');
  try {
    assert.is(await deliverMessages(database, sender), 1);
    const path = `/alerts/${body.id}`;
    const waiting = (await ann.get(path)).body.webhook.delivery;
    assert.equal(waiting, {
      status: 'pending',
      attempts: 1,
      lastError: 'it answered with the status 500',
      finishedAt: null,
    });
    // Not before its time.
    assert.is(await deliverMessages(database, sender), 0);
    await world.parts.sql`update alert_deliveries set next_attempt_at = now()`;
    receiver.status = 204;
    assert.is(await deliverMessages(database, sender), 1);
    const done = (await ann.get(path)).body.webhook.delivery;
    assert.equal([done.status, done.attempts, done.lastError], ['delivered', 2, null]);
    assert.is(await deliverMessages(database, sender), 0);
    const [first, again] = receiver.got;
    assert.is(first?.headers['webhook-id'], again?.headers['webhook-id']);
    const message = {
      id: String(again?.headers['webhook-id']),
      secret: body.webhook.secret,
      body: again?.body ?? '',
    };
    assert.is(
      again?.headers['webhook-signature'],
      signatureOf(message, Number(again?.headers['webhook-timestamp'])),
    );
    const { type, data } = JSON.parse(message.body);
    assert.is(type, 'price_alert.fired');
    assert.equal([data.symbol, data.threshold, data.price], ['XRP', '1', '1.5']);
  } finally {
    receiver.status = 200;
    await sender.close();
  }
});

test('a redirect is not followed, a webhook that is gone or closed ends or is tried again, and none is tried for ever', async () => {
  const ann = await Client.registered(url);
  const make = async (webhookUrl: string) =>
    (await ann.post('/alerts', { symbol: 'ADA', direction: 'above', threshold: '1', webhookUrl })).body
      .id as string;
  const closed = await make('http://127.0.0.1:1/');
  const hook = await make(receiver.url);
  await price('ADA', '2');
  await fireAlerts(database);
  receiver.got.length = 0;
  receiver.status = 302;
  const sender = createWebhookSender('any');
  const delivery = async (id: string) => (await ann.get(`/alerts/${id}`)).body.webhook.delivery;
  try {
    await deliverMessages(database, sender);
    assert.is(receiver.got.length, 1);
    assert.is((await delivery(hook)).lastError, 'it answered with the status 302');
    assert.is((await delivery(closed)).lastError, 'it could not be reached');
    await world.parts.sql`update alert_deliveries set next_attempt_at = now() where alert_id = ${hook}`;
    receiver.status = 410;
    await deliverMessages(database, sender);
    assert.is((await delivery(hook)).status, 'failed');
    await world.parts
      .sql`update alert_deliveries set attempts = 7, next_attempt_at = now() where alert_id = ${closed}`;
    await deliverMessages(database, sender);
    const { status, attempts } = await delivery(closed);
    assert.equal([status, attempts], ['failed', 8]);
  } finally {
    receiver.status = 200;
    await sender.close();
  }
});

test('where webhooks have to be public, an internal one is refused when it is written and when it is sent', async () => {
  const strict = await world.serve({ ALERT_INTERVAL_MS: '3600000' });
  const ann = await Client.registered(strict.url);
  for (const webhookUrl of [
    'http://example.com/',
    'https://kubernetes.default.svc/',
    'https://169.254.169.254/',
    'https://[::ffff:10.0.0.1]/',
    receiver.url,
  ]) {
    const answer = await ann.post('/alerts', { ...alert, webhookUrl });
    assert.is(answer.status, 400, webhookUrl);
    assert.match(answer.body.detail, '"/webhookUrl" in the body must');
  }
  // Written when any was allowed.
  const { body } = await ann
    .with({}, url)
    .post('/alerts', { symbol: 'LTC', direction: 'above', threshold: '1', webhookUrl: receiver.url });
  await price('LTC', '2');
  await fireAlerts(database);
  receiver.got.length = 0;
  const sender = createWebhookSender('public');
  await deliverMessages(database, sender);
  await sender.close();
  assert.is(receiver.got.length, 0);
  assert.is((await ann.get(`/alerts/${body.id}`)).body.webhook.delivery.status, 'failed');
});

test('a replica does all of it by itself, one at a time, and another takes over', async () => {
  const options = { WEBHOOK_TARGETS: 'any', ALERT_INTERVAL_MS: '100' };
  // The API of the other tests holds the lead for hours.
  const redis = await createClient({ url: cacheUrl(world.parts.cache) }).connect();
  await redis.del('alerts:leader');
  await redis.close();
  const first = await world.serve(options);
  const ann = await Client.registered(first.url);
  const watch = async (client: Client) => {
    const { body } = await client.post('/alerts', {
      symbol: 'DOGE',
      direction: 'above',
      threshold: '0.1',
      webhookUrl: receiver.url,
    });
    receiver.got.length = 0;
    await price('DOGE', '0.2');
    await eventually(
      10_000,
      () => client.get(`/alerts/${body.id}`),
      (answer) => answer.body.webhook.delivery?.status === 'delivered',
    );
    assert.is(receiver.got.length, 1);
  };
  await watch(ann);
  const second = await world.serve(options);
  await first.server.stop();
  await watch(ann.with({}, second.url));
  const metrics = await (await fetch(`${second.url}/metrics`)).text();
  assert.match(metrics, 'cryptosense_alerts_fired_total 1');
});

test('alerts are listed newest first, page by page, and are nobody else’s', async () => {
  const ann = await Client.registered(url);
  const bob = await Client.registered(url);
  const made: string[] = [];
  for (let index = 1; index <= 7; index++)
    made.unshift((await ann.post('/alerts', { ...alert, threshold: `90000${index}` })).body.id);
  const seen: string[] = [];
  let cursor = '';
  for (let page = 0; page < 4; page++) {
    const { status, body } = await ann.get(`/alerts?limit=3${cursor}`);
    assert.is(status, 200);
    seen.push(...body.alerts.map(({ id }: { id: string }) => id));
    if (body.nextCursor === null) break;
    cursor = `&cursor=${body.nextCursor}`;
    assert.is((await bob.get(`/alerts?limit=3${cursor}`)).status, 400);
  }
  assert.equal(seen, made);
  assert.is((await ann.get('/alerts?status=fired')).body.alerts.length, 0);
  assert.is((await ann.get('/alerts?status=waiting&limit=100')).body.alerts.length, 7);
  assert.is((await ann.get('/alerts?cursor=x')).status, 400);
  const path = `/alerts/${made[0]}`;
  for (const [client, status] of [
    [bob, 404],
    [new Client(url), 401],
  ] as const) {
    assert.is((await client.get(path)).status, status);
    assert.is((await client.delete(path)).status, status);
  }
  assert.is((await ann.delete(path)).status, 204);
  assert.is((await ann.get(path)).status, 404);
});

test('each mistake is named, and a plan’s number of waiting alerts holds', async () => {
  const ann = await Client.registered(url);
  const rows: [unknown, RegExp][] = [
    [{ ...alert, symbol: 'NOPE' }, /"\/symbol" in the body must be the symbol of a known asset/],
    [{ ...alert, direction: 'up' }, /must be above or below/],
    [{ ...alert, threshold: 100 }, /must be a decimal number as a text/],
    [{ ...alert, threshold: '0' }, /must be more than 0/],
    [{ ...alert, threshold: '0.000000001' }, /8 after it/],
    [{ ...alert, webhookUrl: 'nonsense' }, /"\/webhookUrl" in the body must be an https URL/],
  ];
  for (const [body, detail] of rows) {
    const answer = await ann.post('/alerts', body);
    assert.is(answer.status, 400, JSON.stringify(body));
    assert.match(answer.body.detail, detail);
  }
  const answers = await Promise.all(
    Array.from({ length: 24 }, () => ann.post('/alerts', { ...alert, threshold: '999999' })),
  );
  assert.is(answers.filter(({ status }) => status === 201).length, 20);
  assert.is(answers.filter(({ status }) => status === 409).length, 4);
});

test.run();
