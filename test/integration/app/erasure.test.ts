import { createClient } from 'redis';
import * as assert from 'uvu/assert';
import { digestOf } from '../../../app/accounts/token.ts';
import { suite } from '../../harness/suite.ts';
import { cacheUrl } from '../containers.ts';
import { Client, PASSWORD, type Reply } from './client.ts';
import { eventually, World } from './world.ts';

const test = suite('deleting an account');
const world = new World();
let url: string;

test.before(async () => {
  await world.start();
  ({ url } = await world.serve({ WEBHOOK_TARGETS: 'any' }));
  await redisIs('ok');
});
test.after(() => world.stop());

const redisIs = (expected: string) =>
  eventually(
    15_000,
    async () => (await fetch(`${url}/health/detailed`)).json() as Promise<{ services: { redis: string } }>,
    ({ services }) => services.redis === expected,
  );

/** Somebody who has one of everything, in the database and in Redis. */
async function settled(email: string): Promise<{ client: Client; id: string; key: string; words: string[] }> {
  const client = await Client.registered(url, email);
  const { body: me } = await client.get('/auth/me');
  const writes: [string, string, unknown?][] = [
    ['POST', '/portfolios', { name: 'Mine', holdings: [{ symbol: 'BTC', quantity: '1' }] }],
    ['PUT', '/watchlist/BTC'],
    [
      'POST',
      '/alerts',
      { symbol: 'BTC', direction: 'above', threshold: '1', webhookUrl: 'http://localhost/hook' },
    ],
  ];
  for (const [method, path, body] of writes) {
    const { status } = await client.with({ 'idempotency-key': path }).send(method, path, body);
    assert.ok(status < 300, `${method} ${path}: ${status}`);
  }
  const { body: made } = await client.post('/keys', { name: 'script' });
  const withKey = new Client(url, { 'x-api-key': made.key });
  // Copies in Redis are made by reading.
  for (const one of [client, withKey]) assert.is((await one.get('/portfolios')).status, 200);
  const words = [me.id, email, digestOf(client.token), digestOf(made.key)];
  return { client, id: me.id, key: made.key, words };
}

/** Every row of every table, and every key and value in Redis, in which one of the words stands. */
async function traces(words: readonly string[]): Promise<string[]> {
  const { sql, cache } = world.parts;
  const tables = await sql<{ name: string }[]>`
    select table_name as name from information_schema.tables
    where table_schema = 'public' and table_type = 'BASE TABLE'`;
  assert.ok(tables.length >= 10, 'the tables were not found');
  const found: string[] = [];
  for (const { name } of tables)
    for (const word of words) {
      const rows = await sql`select 1 from ${sql(name)} as row where strpos(row::text, ${word}) > 0 limit 1`;
      if (rows.length > 0) found.push(`${name}: ${word}`);
    }
  const redis = await createClient({ url: cacheUrl(cache) }).connect();
  try {
    for await (const keys of redis.scanIterator())
      for (const key of keys) {
        const text = `${key} ${(await redis.get(key).catch(() => '')) ?? ''}`;
        found.push(...words.filter((word) => text.includes(word)).map((word) => `${key}: ${word}`));
      }
  } finally {
    await redis.close();
  }
  return found;
}

test('nothing of the account is left, in the database and in Redis, and nothing of others is gone', async () => {
  const other = await settled('other@example.com');
  const { client, key, words } = await settled('leaver@example.com');
  const second = await new Client(url).post('/auth/login', { email: words[1], password: PASSWORD });
  const [before, others] = [await traces(words), await traces(other.words)];
  const places = [
    'users',
    'sessions',
    'api_keys',
    'portfolios',
    'watchlist',
    'price_alerts',
    'idempotency_keys',
  ];
  for (const place of [...places, 'session:', 'api-key:', 'portfolio:'])
    assert.ok(
      before.some((one) => one.startsWith(place)),
      `nothing was in ${place} to be deleted`,
    );

  const { status, headers } = await client.delete('/auth/me', { password: PASSWORD });
  assert.is(status, 204);
  assert.match(headers.get('set-cookie') ?? '', /^__Host-session=;.*Max-Age=0/i);
  assert.equal(await traces(words), []);
  assert.equal((await traces(other.words)).sort(), others.sort());

  const refused = [
    client,
    new Client(url, { authorization: `Bearer ${second.body.token}` }),
    new Client(url, { 'x-api-key': key }),
    client.with({}, (await world.serve()).url),
  ];
  for (const one of refused) assert.is((await one.get('/portfolios')).status, 401);
  const login = await new Client(url).post('/auth/login', { email: words[1], password: PASSWORD });
  assert.is(login.body.detail, 'The e-mail address or the password is wrong.');
  const again = await Client.registered(url, words[1]);
  assert.equal((await again.get('/portfolios')).body.portfolios, []);
});

test('without the password nothing is deleted', async () => {
  const { client, words } = await settled('stays@example.com');
  const before = await traces(words);
  const rows: [Client, unknown, number, RegExp][] = [
    [client, { password: 'wrong horse battery' }, 403, /The current password is wrong/],
    [client, {}, 400, /"\/password" in the body must be a text/],
    [client, undefined, 415, /must be application.json/],
    [client, { password: PASSWORD, why: 'x' }, 400, /"\/why" in the body is not known here/],
    [new Client(url), { password: PASSWORD }, 401, /./],
  ];
  for (const [who, body, status, detail] of rows) {
    const answer = await who.delete('/auth/me', body);
    assert.is(answer.status, status, JSON.stringify(body));
    assert.match(answer.body.detail, detail);
  }
  assert.equal((await traces(words)).sort(), before.sort());
});

test('passwords cannot be guessed by it', async () => {
  const { client } = await settled('guessed@example.com');
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => client.delete('/auth/me', { password: 'wrong horse battery' })),
  );
  const guesses = answers.filter(({ status }) => status === 403);
  assert.ok(guesses.length <= 20, `${guesses.length} guesses were answered`);
  assert.ok(answers.some(({ status, headers }) => status === 429 && headers.get('retry-after')));
});

test('what the user does at the same moment is done before or refused, and leaves nothing behind', async () => {
  for (let round = 0; round < 5; round += 1) {
    const email = `hasty${round}@example.com`;
    const { client, words } = await settled(email);
    const work = (n: number): Promise<Reply>[] => [
      new Client(url).post('/auth/login', { email, password: PASSWORD }),
      client.post('/keys', { name: `k${n}` }),
      client.with({ 'idempotency-key': `p${n}` }).post('/portfolios', { name: `p${n}`, holdings: [] }),
      client.with({ 'idempotency-key': `w${n}` }).put('/watchlist/ETH'),
      client.get('/portfolios'),
    ];
    const [gone, ...answers] = await Promise.all([
      client.delete('/auth/me', { password: PASSWORD }),
      ...Array.from({ length: 4 }, (_, n) => work(n)).flat(),
    ]);
    assert.is(gone.status, 204);
    for (const { status, body } of answers)
      assert.ok(status < 500 || status === 503, `${status} ${JSON.stringify(body)}`);
    // A copy that was read before the deletion is not kept after it; the place for one lives for ten seconds.
    await eventually(
      15_000,
      () => traces(words.slice(0, 2)),
      (found) => found.length === 0,
    );
  }
});

test('of many deletions at once all end well, and one has done it', async () => {
  const { client } = await settled('twice@example.com');
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => client.delete('/auth/me', { password: PASSWORD })),
  );
  const statuses = answers.map(({ status }) => status);
  assert.is(statuses.filter((status) => status === 204).length, 1, String(statuses));
  for (const status of statuses) assert.ok([204, 401, 403].includes(status), String(statuses));
});

test('with Redis away it works, and the copies go when Redis is back', async () => {
  const { client, key, words } = await settled('offline@example.com');
  await world.parts.cache.cut();
  await redisIs('error');
  assert.is((await client.delete('/auth/me', { password: PASSWORD })).status, 204);
  assert.is((await client.get('/portfolios')).status, 401);
  assert.is((await new Client(url, { 'x-api-key': key }).get('/portfolios')).status, 401);
  await world.parts.cache.open();
  await redisIs('ok');
  await eventually(
    10_000,
    () => traces(words),
    (found) => found.length === 0,
  );
  assert.is((await client.get('/portfolios')).status, 401);
});

test.run();
