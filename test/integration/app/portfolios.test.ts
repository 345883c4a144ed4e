import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { createClient } from 'redis';
import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { cacheUrl } from '../containers.ts';
import { Client } from './client.ts';
import { eventually, World } from './world.ts';

const test = suite('portfolios');
const world = new World();
/** Two replicas over the same database and Redis. */
let url: string;
let other: string;

test.before(async () => {
  await world.start();
  const now = Date.now();
  const at = (minutes: number) => new Date(now - minutes * 60_000).toISOString();
  await world.parts.sql`
    insert into price_history (symbol, timestamp, price) values
      ('BTC', ${at(0)}, '65000.123456'), ('ETH', ${at(0)}, '3000.1'),
      ('BTC', ${at(3 * 60)}, '60000'), ('ETH', ${at(3 * 60)}, '3000')`;
  ({ url } = await world.serve());
  ({ url: other } = await world.serve());
  for (const each of [url, other])
    await eventually(
      10_000,
      async () => (await fetch(`${each}/health/detailed`)).json() as Promise<{ services: { redis: string } }>,
      ({ services }) => services.redis === 'ok',
    );
});
test.after(() => world.stop());

const bitcoin = { symbol: 'BTC', quantity: '0.1', unitCost: '50000' };

test('a portfolio is made, valued exactly, changed and deleted', async () => {
  const ann = await Client.registered(url);
  assert.equal((await ann.get('/portfolios')).body, { portfolios: [] });
  const made = await ann.post('/portfolios', { name: ' Savings ', holdings: [bitcoin] });
  assert.is(made.status, 201);
  assert.is(made.headers.get('location'), `/api/v1/portfolios/${made.body.id}`);
  assert.is(made.body.name, 'Savings');
  assert.equal(made.body.holdings, [
    { ...bitcoin, price: '65000.123456', value: '6500.0123456', gain: '1500.0123456' },
  ]);
  const { asOf, ...valuation } = made.body.valuation;
  assert.equal(valuation, {
    value: '6500.0123456',
    cost: '5000',
    gain: '1500.0123456',
    gainPercent: '30.0002',
    complete: true,
  });
  assert.ok(Date.parse(asOf) > 0);
  const path = `/portfolios/${made.body.id}`;
  assert.equal((await ann.get(path)).body, made.body);

  const renamed = await ann.patch(path, { name: 'Old age' });
  assert.is(renamed.body.name, 'Old age');
  const more = await ann.put(`${path}/holdings/eth`, { quantity: '2.50' });
  assert.equal(
    more.body.holdings.map((held: { symbol: string; quantity: string }) => [held.symbol, held.quantity]),
    [
      ['BTC', '0.1'],
      ['ETH', '2.5'],
    ],
  );
  assert.is(more.body.valuation.value, '14000.2623456');
  const replaced = await ann.put(`${path}/holdings`, { holdings: [{ symbol: 'DOGE', quantity: '5' }] });
  assert.equal(replaced.body.holdings, [
    { symbol: 'DOGE', quantity: '5', unitCost: null, price: null, value: null, gain: null },
  ]);
  assert.equal([replaced.body.valuation.value, replaced.body.valuation.complete], ['0', false]);
  assert.is((await ann.delete(`${path}/holdings/DOGE`)).body.holdings.length, 0);
  assert.is((await ann.delete(`${path}/holdings/DOGE`)).status, 404);
  assert.is((await ann.delete(path)).status, 204);
  assert.is((await ann.get(path)).status, 404);
});

test('each mistake is named, and nothing is written', async () => {
  const ann = await Client.registered(url);
  const { body } = await ann.post('/portfolios', { name: 'Mine' });
  const path = `/portfolios/${body.id}`;
  const rows: [string, string, unknown, number, RegExp][] = [
    ['POST', '/portfolios', {}, 400, /"\/name" in the body must be a text/],
    ['POST', '/portfolios', { name: '' }, 400, /must not be empty/],
    ['POST', '/portfolios', { name: 'a\u0000b' }, 400, /must not have control characters/],
    [
      'POST',
      '/portfolios',
      { name: 'x', holdings: [{ symbol: 'NOPE', quantity: '1' }] },
      400,
      /"\/holdings\/0\/symbol" .* known asset/,
    ],
    ['POST', '/portfolios', { name: 'x', holdings: [bitcoin, bitcoin] }, 400, /each symbol once/],
    [
      'PUT',
      `${path}/holdings/BTC`,
      { quantity: 0.1 },
      400,
      /"\/quantity" in the body must be a decimal number as a text/,
    ],
    ['PUT', `${path}/holdings/BTC`, { quantity: '-1' }, 400, /must be a decimal number/],
    ['PUT', `${path}/holdings/BTC`, { quantity: '0.00' }, 400, /must be more than 0/],
    ['PUT', `${path}/holdings/BTC`, { quantity: '0.1234567890123' }, 400, /12 after it/],
    ['PUT', `${path}/holdings/NOPE`, { quantity: '1' }, 404, /no asset with the symbol NOPE/],
    ['GET', `${path}/performance?range=2d`, undefined, 400, /must be one of 1d, 7d, 30d, 1y/],
    ['GET', '/portfolios/mine%00', undefined, 400, /must be an id as the API gave it/],
  ];
  for (const [method, where, sent, status, detail] of rows) {
    const answer = await ann.send(method, where, sent);
    assert.is(answer.status, status, `${method} ${where} ${JSON.stringify(answer.body)}`);
    assert.match(answer.body.detail, detail);
  }
  const { portfolios } = (await ann.get('/portfolios')).body;
  assert.equal(
    portfolios.map((each: { holdings: [] }) => each.holdings),
    [[]],
  );
});

test('another user’s portfolio is a 404 whatever is tried, and a stranger gets a 401', async () => {
  const ann = await Client.registered(url);
  const bob = await Client.registered(url);
  const { body } = await ann.post('/portfolios', { name: 'Ann’s', holdings: [bitcoin] });
  const path = `/portfolios/${body.id}`;
  const tries: [string, string, unknown?][] = [
    ['GET', path],
    ['GET', `${path}/performance`],
    ['PATCH', path, { name: 'Bob’s' }],
    ['PUT', `${path}/holdings`, { holdings: [] }],
    ['PUT', `${path}/holdings/BTC`, { quantity: '1' }],
    ['DELETE', `${path}/holdings/BTC`],
    ['DELETE', path],
  ];
  for (const [method, where, sent] of tries) {
    assert.is((await bob.send(method, where, sent)).status, 404, `${method} ${where}`);
    assert.is((await new Client(url).send(method, where, sent)).status, 401, `${method} ${where}`);
  }
  assert.equal((await ann.get(path)).body.holdings.length, 1);
});

test('portfolios stay in Redis for 300 s under portfolio:{userId}, and a write on one replica is seen on the other at once', async () => {
  const ann = await Client.registered(url);
  const there = ann.with({}, other);
  const { id } = (await ann.get('/auth/me')).body;
  const redis = await createClient({ url: cacheUrl(world.parts.cache) }).connect();
  try {
    const { body } = await ann.post('/portfolios', { name: 'Mine' });
    for (let round = 1; round <= 20; round++) {
      // The copy is there, so that it would be the old one.
      await there.get('/portfolios');
      await eventually(
        2_000,
        () => redis.get(`portfolio:${id}`),
        (copy) => copy?.startsWith('{') === true,
      );
      await ann.put(`/portfolios/${body.id}/holdings/BTC`, { quantity: String(round) });
      const { portfolios } = (await there.get('/portfolios')).body;
      assert.is(portfolios[0].holdings[0].quantity, String(round));
    }
    await eventually(
      2_000,
      () => redis.get(`portfolio:${id}`),
      (copy) => copy?.startsWith('{') === true,
    );
    const ttl = await redis.pTTL(`portfolio:${id}`);
    assert.ok(ttl > 290_000 && ttl <= 300_000, `found ${ttl} ms`);
  } finally {
    await redis.close();
  }
});

test('reads and writes on both replicas at once leave no old copy behind', async () => {
  const ann = await Client.registered(url);
  const clients = [ann, ann.with({}, other)];
  const { body } = await ann.post('/portfolios', { name: 'Mine' });
  for (let round = 0; round < 5; round++) {
    const reads = clients.flatMap((client) => Array.from({ length: 10 }, () => client.get('/portfolios')));
    const writes = clients.flatMap((client, replica) =>
      Array.from({ length: 5 }, (_, index) =>
        client.put(`/portfolios/${body.id}/holdings/BTC`, {
          quantity: `${round + 1}.${replica}${index + 1}`,
        }),
      ),
    );
    const answers = await Promise.all([...reads, ...writes]);
    assert.ok(answers.every(({ status }) => status === 200));
    const [row] = await world.parts.sql`
      select trim_scale(quantity)::text as quantity from holdings where portfolio_id = ${body.id}`;
    for (const client of clients) {
      const { portfolios } = (await client.get('/portfolios')).body;
      assert.is(portfolios[0].holdings[0].quantity, row?.quantity);
    }
  }
});

test('a plan’s number of portfolios holds against many requests at once', async () => {
  const ann = await Client.registered(url);
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      ann.with({}, index % 2 ? url : other).post('/portfolios', { name: `Number ${index}` }),
    ),
  );
  assert.equal(answers.map(({ status }) => status).sort(), [201, 201, 201, 409, 409, 409, 409, 409]);
});

test('a write that is repeated with its key is done once, on whichever replica', async () => {
  const ann = await Client.registered(url);
  const key = randomUUID();
  const keyed = (to: string) => ann.with({ 'idempotency-key': key }, to);
  const answers = await Promise.all(
    [url, other, url, other].map((to) => keyed(to).post('/portfolios', { name: 'Once' })),
  );
  assert.ok(answers.every(({ status }) => status === 201 || status === 409));
  const ids = new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.id));
  assert.is(ids.size, 1);
  const again = await keyed(other).post('/portfolios', { name: 'Once' });
  assert.is(again.status, 201);
  assert.is(again.headers.get('idempotency-replayed'), 'true');
  assert.is((await ann.get('/portfolios')).body.portfolios.length, 1);
  assert.is((await keyed(url).post('/portfolios', { name: 'Twice' })).status, 422);
});

test('however writes are repeated and mixed, each key is one write', async () => {
  const wanted = fc.record({
    key: fc.nat(5),
    replica: fc.nat(1),
    // Waits for the one before, or comes at the same time.
    waits: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(wanted, { minLength: 1, maxLength: 12 }), async (requests) => {
      const ann = await Client.registered(url);
      const run = randomUUID();
      const ids = new Map<number, Set<string>>();
      const send = async ({ key, replica }: { key: number; replica: number }): Promise<void> => {
        const client = ann.with({ 'idempotency-key': `${run}-${key}` }, replica ? url : other);
        const body = { symbol: 'BTC', direction: 'above', threshold: `${1_000 + key}` };
        const answer = await client.post('/alerts', body);
        // Under way elsewhere: the client asks again, as it is told to.
        if (answer.status === 409) return send({ key, replica });
        assert.is(answer.status, 201);
        ids.set(key, (ids.get(key) ?? new Set()).add(answer.body.id));
      };
      let pending: Promise<void>[] = [];
      for (const request of requests) {
        if (request.waits) await Promise.all(pending.splice(0));
        pending.push(send(request));
      }
      await Promise.all(pending);
      pending = [];
      for (const found of ids.values()) assert.is(found.size, 1);
      const { alerts } = (await ann.get('/alerts?limit=100')).body;
      assert.is(alerts.length, new Set(requests.map(({ key }) => key)).size);
    }),
    { numRuns: 15 },
  );
});

test('performance follows what was held, and "current" what is held now', async () => {
  const ann = await Client.registered(url);
  const { body } = await ann.post('/portfolios', { name: 'Mine', holdings: [bitcoin] });
  const path = `/portfolios/${body.id}/performance`;
  const current = (await ann.get(`${path}?range=1d&basis=current`)).body;
  assert.is(current.points.length, 97);
  assert.is(current.points.at(-1).value, '6500.0123456');
  assert.is(current.points.at(-5).value, '6000');
  assert.is(current.points[0].value, null);
  assert.is(current.change, '500.0123456');
  assert.is(current.returnPercent, '8.3335');
  const held = (await ann.get(`${path}?range=1d`)).body;
  assert.equal(
    held.points.slice(-2).map(({ value }: { value: string }) => value),
    ['0', '6500.0123456'],
  );
  // Bought an hour ago, and half of it sold now.
  await world.parts.sql`
    update holding_changes set changed_at = now() - interval '1 hour' where portfolio_id = ${body.id}`;
  await ann.put(`/portfolios/${body.id}/holdings/BTC`, { quantity: '0.05' });
  const sold = (await ann.get(`${path}?range=1d`)).body;
  assert.equal(
    sold.points.slice(-2).map(({ value }: { value: string }) => value),
    ['6000', '3250.0061728'],
  );
  // Selling is no loss.
  assert.is(sold.returnPercent, '8.3335');
});

test('a watchlist keeps its order, adds once and forgets', async () => {
  const ann = await Client.registered(url);
  const bob = await Client.registered(url);
  assert.equal((await ann.get('/watchlist')).body, { watchlist: [] });
  for (const symbol of ['eth', 'BTC', 'ETH', 'DOGE'])
    assert.is((await ann.put(`/watchlist/${symbol}`)).status, 204);
  const { watchlist } = (await ann.get('/watchlist')).body;
  assert.equal(
    watchlist.map(({ symbol, price }: { symbol: string; price: string }) => [symbol, price]),
    [
      ['ETH', '3000.1'],
      ['BTC', '65000.123456'],
      ['DOGE', null],
    ],
  );
  assert.equal((await bob.get('/watchlist')).body, { watchlist: [] });
  assert.is((await ann.delete('/watchlist/ETH')).status, 204);
  assert.is((await ann.delete('/watchlist/ETH')).status, 204);
  assert.is((await ann.get('/watchlist')).body.watchlist.length, 2);
  assert.is((await ann.put('/watchlist/NOPE')).status, 404);
  assert.is((await new Client(url).get('/watchlist')).status, 401);
  assert.is((await new Client(url).put('/watchlist/BTC')).status, 401);
});

test.run();
