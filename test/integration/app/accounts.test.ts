import { createClient } from 'redis';
import * as assert from 'uvu/assert';
import { digestOf } from '../../../app/accounts/token.ts';
import { suite } from '../../harness/suite.ts';
import { cacheUrl } from '../containers.ts';
import { Client, PASSWORD } from './client.ts';
import { eventually, World } from './world.ts';

const test = suite('accounts');
const world = new World();
let url: string;
let stranger: Client;

test.before(async () => {
  await world.start();
  ({ url } = await world.serve({ ALERT_INTERVAL_MS: '200' }));
  stranger = new Client(url);
  await eventually(
    5_000,
    () => stranger.get('/auth/me'),
    ({ status }) => status === 401,
  );
});
test.after(() => world.stop());

function connected() {
  return createClient({ url: cacheUrl(world.parts.cache) }).connect();
}

async function inRedis<T>(look: (redis: Awaited<ReturnType<typeof connected>>) => Promise<T>): Promise<T> {
  const redis = await connected();
  try {
    return await look(redis);
  } finally {
    await redis.close();
  }
}

test('a person registers, logs in, is known, and logs out', async () => {
  const email = 'Ada@Example.com';
  const made = await stranger.post('/auth/register', { email, password: PASSWORD });
  assert.is(made.status, 201);
  assert.equal(Object.keys(made.body), ['id', 'email', 'plan', 'createdAt']);
  assert.is(made.body.email, 'ada@example.com');
  assert.is(made.body.plan, 'free');
  const { status, body } = await stranger.post('/auth/login', {
    email: ' ADA@example.com',
    password: PASSWORD,
  });
  assert.is(status, 200);
  const ada = stranger.with({ authorization: `Bearer ${body.token}` });
  const me = await ada.get('/auth/me');
  assert.equal(me.body, made.body);
  assert.is(me.headers.get('cache-control'), 'private, no-cache');
  assert.is((await ada.post('/auth/logout')).status, 204);
  assert.is((await ada.get('/auth/me')).status, 401);
  // A second one changes nothing.
  assert.ok([204, 401].includes((await ada.post('/auth/logout')).status));
});

test('of an account only a hash of the password is kept, and of a session only a hash of its token', async () => {
  const client = await Client.registered(url, 'kept@example.com');
  const [row] = await world.parts.sql`select password_hash from users where email = 'kept@example.com'`;
  assert.match(String(row?.password_hash), /^\$argon2id\$v=19\$m=12288,t=3,p=1\$/);
  const [session] = await world.parts.sql`select id from sessions where id = ${digestOf(client.token)}`;
  assert.ok(session);
  await inRedis(async (redis) => {
    const ttl = await redis.ttl(`session:${digestOf(client.token)}`);
    assert.ok(ttl > 604_700 && ttl <= 604_800, `found ${ttl} s`);
    for await (const keys of redis.scanIterator())
      for (const key of keys) assert.not.match(`${key}${await redis.get(key).catch(() => '')}`, client.token);
  });
});

test('an address that is taken, and each mistake in a body, has its sentence', async () => {
  await Client.registered(url, 'taken@example.com');
  const rows: [unknown, number, RegExp][] = [
    [{ email: 'TAKEN@example.com', password: PASSWORD }, 409, /has an account already/],
    [{ email: 'nobody', password: PASSWORD }, 400, /"\/email" in the body must be an e-mail address/],
    [{ email: 'a@example.com', password: 'short' }, 400, /"\/password" in the body must have at least 12/],
    [{ email: 'a@example.com' }, 400, /"\/password" in the body must be a text/],
    [
      { email: 'a@example.com', password: PASSWORD, plan: 'pro' },
      400,
      /"\/plan" in the body is not known here/,
    ],
    [[], 400, /The body/],
  ];
  for (const [body, status, detail] of rows) {
    const answer = await stranger.post('/auth/register', body);
    assert.is(answer.status, status, JSON.stringify(body));
    assert.match(answer.body.detail, detail);
  }
});

test('of many registrations of one address at once one makes the account', async () => {
  const body = { email: 'race@example.com', password: PASSWORD };
  const answers = await Promise.all(Array.from({ length: 8 }, () => stranger.post('/auth/register', body)));
  assert.equal(answers.map(({ status }) => status).sort(), [201, 409, 409, 409, 409, 409, 409, 409]);
});

test('a wrong password and an unknown address are answered with the same words', async () => {
  await Client.registered(url, 'known@example.com');
  const wrong = await stranger.post('/auth/login', {
    email: 'known@example.com',
    password: 'wrong horse battery',
  });
  const unknown = await stranger.post('/auth/login', { email: 'unknown@example.com', password: PASSWORD });
  assert.is(wrong.status, 401);
  const { requestId: _, ...words } = wrong.body;
  const { requestId: __, ...others } = unknown.body;
  assert.is(unknown.status, 401);
  assert.equal(words, others);
  const names = (headers: Headers) => [...headers.keys()].sort();
  assert.equal(names(wrong.headers), names(unknown.headers));
});

test('the time of an answer does not tell whether an address has an account', async () => {
  const known = Array.from({ length: 5 }, (_, index) => `time${index}@example.com`);
  for (const email of known) await Client.registered(url, email);
  const timed = async (email: string) => {
    const since = performance.now();
    const { status } = await stranger.post('/auth/login', { email, password: 'wrong horse battery' });
    assert.is(status, 401);
    return performance.now() - since;
  };
  const [times, others]: [number[], number[]] = [[], []];
  // In turns, so that whatever slows the machine down slows both down.
  for (let round = 0; round < 14; round++) {
    for (const email of known) {
      times.push(await timed(email));
      others.push(await timed(`no-${email}`));
    }
  }
  // How often a time of one is longer than one of the other: a half if nothing differs. Of 70 each, chance alone is
  // outside these bounds once in ten million times; without the work for an unknown address the share is nearly 1.
  const longer = times.reduce((sum, time) => sum + others.filter((other) => time > other).length, 0);
  const share = longer / (times.length * others.length);
  assert.ok(share > 0.25 && share < 0.75, `known addresses take longer in ${share} of the comparisons`);
});

test('a login begins another session and ends the one before', async () => {
  const first = await Client.registered(url, 'rotate@example.com');
  const login = { email: 'rotate@example.com', password: PASSWORD };
  const { body } = await first.post('/auth/login', login);
  assert.is.not(body.token, first.token);
  assert.is((await first.get('/auth/me')).status, 401);
  const second = stranger.with({ authorization: `Bearer ${body.token}` });
  assert.is((await second.get('/auth/me')).status, 200);
  // From another place without the old one, both go on.
  await stranger.post('/auth/login', login);
  assert.is((await second.get('/auth/me')).status, 200);
});

test('a session in a cookie is for pages of this origin alone, and its token is in no body', async () => {
  await Client.registered(url, 'cookie@example.com');
  const login = { email: 'cookie@example.com', password: PASSWORD, session: 'cookie' };
  const crossSite = stranger.with({ 'sec-fetch-site': 'cross-site' });
  assert.is((await crossSite.post('/auth/login', login)).status, 403);
  const answer = await stranger.with({ 'sec-fetch-site': 'same-origin' }).post('/auth/login', login);
  assert.is(answer.body.token, undefined);
  const cookie = answer.headers.get('set-cookie') ?? '';
  assert.match(
    cookie,
    /^__Host-session=css_[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=604800$/,
  );
  const browser = stranger.with({ cookie: cookie.split(';')[0] ?? '' });
  assert.is((await browser.get('/auth/me')).status, 200);
  const wanted = { name: 'Mine' };
  const forged = browser.with({ 'sec-fetch-site': 'cross-site' });
  assert.is((await forged.post('/portfolios', wanted)).status, 403);
  assert.is((await browser.with({ origin: 'https://evil.example' }).post('/portfolios', wanted)).status, 403);
  assert.is(
    (await browser.with({ 'sec-fetch-site': 'same-origin' }).post('/portfolios', wanted)).status,
    201,
  );
  const out = await browser.with({ 'sec-fetch-site': 'same-origin' }).post('/auth/logout');
  assert.match(out.headers.get('set-cookie') ?? '', 'Max-Age=0');
  assert.is((await browser.get('/auth/me')).status, 401);
});

test('what is no token, a token of the wrong kind and one of a past session are all a 401', async () => {
  const client = await Client.registered(url);
  for (const authorization of ['Bearer x', 'Basic YTpi', 'Bearer', `Bearer ${client.token}x`]) {
    const answer = await stranger.with({ authorization }).get('/auth/me');
    assert.is(answer.status, 401, authorization);
    assert.match(answer.headers.get('www-authenticate') ?? '', 'Bearer');
  }
  assert.is((await stranger.with({ 'x-api-key': client.token }).get('/auth/me')).status, 401);
  await world.parts.sql`
    update sessions set expires_at = now() - interval '1 second' where id = ${digestOf(client.token)}`;
  await inRedis((redis) => redis.del(`session:${digestOf(client.token)}`));
  assert.is((await client.get('/auth/me')).status, 401);
});

test('another password ends the other sessions, and needs the present one', async () => {
  const here = await Client.registered(url, 'change@example.com');
  const login = { email: 'change@example.com', password: PASSWORD };
  const { body } = await stranger.post('/auth/login', login);
  const there = stranger.with({ authorization: `Bearer ${body.token}` });
  assert.is((await there.get('/auth/me')).status, 200);
  const next = 'another horse battery';
  assert.is((await here.put('/auth/password', { current: 'wrong', next })).status, 403);
  assert.is((await here.put('/auth/password', { current: PASSWORD, next: 'short' })).status, 400);
  assert.is((await here.put('/auth/password', { current: PASSWORD, next })).status, 204);
  assert.is((await there.get('/auth/me')).status, 401);
  assert.is((await here.get('/auth/me')).status, 200);
  assert.is((await stranger.post('/auth/login', login)).status, 401);
  assert.is((await stranger.post('/auth/login', { ...login, password: next })).status, 200);
});

test('a password hashed at another cost is hashed anew at the next login', async () => {
  const email = 'old@example.com';
  await Client.registered(url, email);
  // The password "password" at the cost of the reference implementation's example.
  const old = '$argon2id$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$GpZ3sK/oH9p7VIiV56G/64Zo/8GaUw434IimaPqxwCo';
  await world.parts.sql`update users set password_hash = ${old} where email = ${email}`;
  assert.is((await stranger.post('/auth/login', { email, password: 'password' })).status, 200);
  const [row] = await world.parts.sql`select password_hash from users where email = ${email}`;
  assert.match(String(row?.password_hash), /m=12288,t=3,p=1/);
  assert.is((await stranger.post('/auth/login', { email, password: 'password' })).status, 200);
});

test('an API key is shown once, works until it is revoked, and is nobody else’s to revoke', async () => {
  const ann = await Client.registered(url);
  const bob = await Client.registered(url);
  const made = await ann.post('/keys', { name: 'laptop' });
  assert.is(made.status, 201);
  const { key, ...shown } = made.body;
  assert.is(shown.prefix, key.slice(0, 12));
  assert.equal((await ann.get('/keys')).body, { keys: [shown] });
  const [row] = await world.parts.sql`select hash from api_keys where id = ${shown.id}`;
  assert.is(row?.hash, digestOf(key));
  for (const headers of [{ 'x-api-key': key }, { authorization: `Bearer ${key}` }] as Record<
    string,
    string
  >[])
    assert.is((await stranger.with(headers).get('/auth/me')).status, 200);
  assert.is((await bob.delete(`/keys/${shown.id}`)).status, 404);
  assert.is((await ann.delete(`/keys/${shown.id}`)).status, 204);
  assert.is((await ann.delete(`/keys/${shown.id}`)).status, 404);
  assert.is((await stranger.with({ 'x-api-key': key }).get('/auth/me')).status, 401);
  assert.is((await stranger.get('/keys')).status, 401);
  assert.is((await ann.post('/keys', { name: ' ' })).status, 400);
});

test('a plan’s number of API keys holds against many requests at once', async () => {
  const client = await Client.registered(url);
  const answers = await Promise.all(
    Array.from({ length: 6 }, (_, index) => client.post('/keys', { name: `key ${index}` })),
  );
  assert.equal(answers.map(({ status }) => status).sort(), [201, 201, 409, 409, 409, 409]);
  assert.match(answers.find(({ status }) => status === 409)?.body.detail, 'Your plan allows 2 API keys');
});

test('guesses at one account are limited, from wherever they come', async () => {
  const limited = await world.serve({ RATE_LIMIT_ANONYMOUS: '1000' });
  const guesser = new Client(limited.url);
  const statuses: number[] = [];
  for (let guess = 0; guess < 22; guess++) {
    const from = guesser.with({ 'x-forwarded-for': `203.0.113.${guess}` });
    statuses.push((await from.post('/auth/login', { email: 'guessed@example.com', password: 'x' })).status);
  }
  // The minute may turn in the middle; then two rounds fit.
  assert.ok(statuses.slice(0, 20).every((status) => status === 401));
  const other = await guesser.post('/auth/login', { email: 'other@example.com', password: 'x' });
  assert.is(other.status, 401);
  assert.ok(statuses.includes(429) || new Date().getSeconds() < 5, statuses.join());
});

test('more logins at once than there is room for are a 503 at once, and nothing else suffers', async () => {
  const body = { email: 'crowd@example.com', password: PASSWORD };
  const spread = (index: number) => stranger.with({ 'x-forwarded-for': `198.51.100.${index}` });
  const logins = Array.from({ length: 120 }, (_, index) =>
    spread(index).post('/auth/login', { ...body, email: `crowd${index}@example.com` }),
  );
  const health = await fetch(`${url}/health`);
  assert.is(health.status, 200);
  const answers = await Promise.all(logins);
  const busy = answers.filter(({ status }) => status === 503);
  assert.ok(busy.length > 0, 'nobody was sent away');
  assert.ok(answers.every(({ status }) => status === 401 || status === 503));
  assert.ok(busy.every(({ headers }) => headers.get('retry-after') === '2'));
  assert.ok(answers.some(({ status }) => status === 401));
});

test('ended and expired sessions are swept from the database and from Redis', async () => {
  const client = await Client.registered(url);
  const id = digestOf(client.token);
  // As a logout leaves it when Redis is away.
  await world.parts.sql`update sessions set ended_at = now() where id = ${id}`;
  await inRedis((redis) => redis.set(`session:${id}`, 'left'));
  await eventually(
    10_000,
    () => world.parts.sql`select 1 from sessions where id = ${id}`,
    (rows) => rows.length === 0,
  );
  assert.is(await inRedis((redis) => redis.exists(`session:${id}`)), 0);
});

test.run();
