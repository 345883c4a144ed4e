import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { Client, PASSWORD } from './client.ts';
import { eventually, World } from './world.ts';

const test = suite('accounts without their dependencies');
const world = new World();
let url: string;
let ann: Client;
let path: string;

test.before(async () => {
  await world.start();
  const now = new Date().toISOString();
  await world.parts.sql`insert into price_history (symbol, timestamp, price) values ('BTC', ${now}, 100)`;
  ({ url } = await world.serve({ ALERT_INTERVAL_MS: '200' }));
  ann = await Client.registered(url, 'ann@example.com');
  const { body } = await ann.post('/portfolios', {
    name: 'Mine',
    holdings: [{ symbol: 'BTC', quantity: '1' }],
  });
  path = `/portfolios/${body.id}`;
});
test.after(() => world.stop());

const login = (client = new Client(url)) =>
  client.post('/auth/login', { email: 'ann@example.com', password: PASSWORD });

/** Every route of a user, with a request that is right. */
const reads = ['/auth/me', '/keys', '/portfolios', '/watchlist', '/alerts'];
const writes: [string, string, unknown?][] = [
  ['PUT', '/watchlist/BTC'],
  ['POST', '/alerts', { symbol: 'BTC', direction: 'above', threshold: '1000' }],
  ['DELETE', '/watchlist/BTC'],
];

test('with Redis gone or silent everything works, only slower', async () => {
  const { cache } = world.parts;
  for (const shut of [() => cache.cut(), async () => cache.hang()]) {
    await shut();
    const session = await login();
    assert.is(session.status, 200);
    const signedIn = new Client(url, { authorization: `Bearer ${session.body.token}` });
    for (const client of [ann, signedIn]) {
      for (const read of [...reads, path, `${path}/performance`])
        assert.is((await client.get(read)).status, 200, read);
    }
    for (const [method, where, body] of writes)
      assert.ok((await ann.send(method, where, body)).status < 300, `${method} ${where}`);
    // A session that ends now stays ended when Redis is back with its copy.
    assert.is((await signedIn.post('/auth/logout')).status, 204);
    assert.is((await signedIn.get('/auth/me')).status, 401);
    await cache.open();
    await eventually(
      15_000,
      async () => (await fetch(`${url}/health/detailed`)).json() as Promise<{ services: { redis: string } }>,
      ({ services }) => services.redis === 'ok',
    );
    assert.is((await signedIn.get('/auth/me')).status, 401);
    assert.is((await ann.get('/auth/me')).status, 200);
  }
});

test('what was written while Redis was away is read when it is back', async () => {
  const { cache } = world.parts;
  const quantity = async () => (await ann.get(path)).body.holdings[0].quantity;
  assert.is(await quantity(), '1');
  await cache.cut();
  assert.is((await ann.put(`${path}/holdings/BTC`, { quantity: '2' })).status, 200);
  assert.is(await quantity(), '2');
  await cache.open();
  const until = performance.now() + 3_000;
  // Whatever Redis remembers, this replica never shows it again.
  while (performance.now() < until) assert.is(await quantity(), '2');
});

test('with the database gone or silent the answers are 503 with Retry-After in time, and it recovers', async () => {
  const { database } = world.parts;
  for (const shut of [() => database.cut(), async () => database.hang()]) {
    assert.is((await ann.get(path)).status, 200);
    await shut();
    // What Redis knows is still served: who asks, and what is held at the last price.
    const known = await ann.get(path);
    assert.is(known.status, 200);
    const unknown: [string, string, unknown?][] = [
      ['GET', '/auth/me'],
      ['GET', '/keys'],
      ['GET', '/watchlist'],
      ['GET', '/alerts'],
      ['GET', `${path}/performance`],
      ...writes,
      ['POST', '/portfolios', { name: 'More' }],
      ['POST', '/keys', { name: 'More' }],
      ['POST', '/auth/login', { email: 'ann@example.com', password: PASSWORD }],
      ['POST', '/auth/register', { email: 'new@example.com', password: PASSWORD }],
    ];
    const since = performance.now();
    await Promise.all(
      unknown.map(async ([method, where, body]) => {
        const answer = await ann.send(method, where, body);
        assert.is(answer.status, 503, `${method} ${where}`);
        assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/, `${method} ${where}`);
        assert.match(answer.body.type, 'urn:cryptosense:problem:unavailable');
      }),
    );
    assert.ok(performance.now() - since < 12_000, `took ${performance.now() - since} ms`);
    // Nobody is turned away for a session that cannot be looked up.
    const other = await new Client(url, { authorization: `Bearer css_${'x'.repeat(43)}` }).get('/auth/me');
    assert.is(other.status, 503);
    assert.is((await fetch(`${url}/health`)).status, 200);
    await database.open();
    await eventually(
      15_000,
      () => ann.get('/watchlist'),
      ({ status }) => status === 200,
    );
    assert.is((await login()).status, 200);
  }
});

test.run();
