import { connect } from 'node:net';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { minuteWith } from './minute.ts';
import { type Handle, serveThings } from './things-api.ts';
import { type Json, World } from './world.ts';

const test = suite('conventions of the API');
const world = new World();
let url: string;
let handle: Handle;
let stop: (() => Promise<void>) | undefined;

test.before(async () => {
  await world.start();
  await world.parts.sql`
    insert into users (id, email, password_hash) values ('ann', 'ann@example.com', '-'), ('bob', 'bob@example.com', '-')`;
  ({ url, handle, stop } = await serveThings(world));
});
test.after(async () => {
  await stop?.();
  await world.stop();
});

async function ask(path: string, init: RequestInit = {}) {
  const response = await fetch(`${url}${path}`, init);
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  const body = (isJson && text !== '' ? JSON.parse(text) : {}) as Json;
  return { status: response.status, headers: response.headers, text, body };
}

const post = (body: unknown, headers: Record<string, string> = {}) =>
  ask('/api/v1/things', {
    method: 'POST',
    headers: { authorization: 'Bearer ann:free', 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const rows = async (name: string) => {
  const [row] = await world.parts.sql`select count(*)::int as n from portfolios where name = ${name}`;
  return row?.n as number;
};

test('every endpoint is there with its version and without', async () => {
  const [versioned, plain] = [await ask('/api/v1/things'), await ask('/api/things')];
  assert.is(versioned.status, 200);
  assert.is(versioned.text, plain.text);
});

test('an unchanged answer is a 304 under its ETag, whichever encoding it came in', async () => {
  const { headers } = await ask('/api/v1/things');
  const etag = headers.get('etag') ?? '';
  assert.match(etag, /^W\/"[\w-]{20,}"$/);
  for (const encoding of ['identity', 'gzip', 'br']) {
    const again = await ask('/api/v1/things', {
      headers: { 'if-none-match': etag, 'accept-encoding': encoding },
    });
    assert.is(again.status, 304);
    assert.is(again.text, '');
    assert.is(again.headers.get('etag'), etag);
    assert.is(again.headers.get('cache-control'), 'public, max-age=5');
  }
  assert.is((await ask('/api/v1/things', { headers: { 'if-none-match': 'W/"other"' } })).status, 200);
});

/** What is on the wire: fetch would decompress it. */
async function raw(request: string): Promise<{ head: string; body: Buffer }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(request);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const all = Buffer.concat(chunks);
  const end = all.indexOf('\r\n\r\n');
  return { head: all.subarray(0, end).toString(), body: all.subarray(end + 4) };
}

test('answers that are worth it are compressed as the client can read them', async () => {
  const plain = await ask('/api/v1/things', { headers: { 'accept-encoding': 'identity' } });
  const get = (encoding: string) =>
    raw(
      `GET /api/v1/things HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: ${encoding}\r\n\r\n`,
    );
  const [brotli, gzip, both, none] = await Promise.all(['br', 'gzip', 'gzip, br', 'identity'].map(get));
  assert.match(brotli?.head ?? '', 'Content-Encoding: br');
  assert.is(brotliDecompressSync(brotli?.body ?? '').toString(), plain.text);
  assert.match(gzip?.head ?? '', 'Content-Encoding: gzip');
  assert.is(gunzipSync(gzip?.body ?? '').toString(), plain.text);
  assert.match(both?.head ?? '', 'Content-Encoding: br');
  assert.not.match(none?.head ?? '', 'Content-Encoding');
  for (const answer of [brotli, gzip, none]) assert.match(answer?.head ?? '', 'Vary: Accept-Encoding');
});

test('a body that is neither announced nor there is an empty one', async () => {
  const { head, body } = await raw(
    'POST /api/v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ann:free\r\n' +
      'Content-Type: application/json\r\nConnection: close\r\n\r\n',
  );
  assert.match(head, 'HTTP/1.1 400 ');
  assert.match(body.toString(), 'The body is empty; it must be JSON.');
});

test('what a user sees is for that user alone, and nobody else sees it', async () => {
  const mine = await ask('/api/v1/things/mine', { headers: { authorization: 'Bearer ann:pro' } });
  assert.equal(mine.body, { id: 'ann', name: 'pro' });
  assert.is(mine.headers.get('cache-control'), 'private, no-cache');
  const nobody = await ask('/api/v1/things/mine');
  assert.is(nobody.status, 401);
  assert.match(nobody.headers.get('www-authenticate') ?? '', 'Bearer');
  assert.is((await ask('/api/v1/things/mine', { headers: { authorization: 'Bearer x' } })).status, 401);
});

test('each mistake of a request has its status and a sentence', async () => {
  const json = { 'content-type': 'application/json' };
  const wrong: [number, string, () => ReturnType<typeof ask>][] = [
    [400, 'The parameter "x" is not a parameter here; there are none.', () => ask('/api/v1/things?x=1')],
    [404, 'There is nothing at /api/v1/nothing.', () => ask('/api/v1/nothing')],
    [
      405,
      'DELETE is not possible here; HEAD, GET, POST are.',
      () => ask('/api/v1/things', { method: 'DELETE' }),
    ],
    [
      406,
      'This is sent as application/json, which the header "Accept" does not allow.',
      () => ask('/api/v1/things', { headers: { accept: 'text/html' } }),
    ],
    [413, 'The body is larger than 65536 bytes.', () => post({ name: 'x'.repeat(70_000) })],
    [
      415,
      'The body must be application/json in UTF-8 and not compressed; its type is text/plain.',
      () => post('{}', { 'content-type': 'text/plain' }),
    ],
    [
      415,
      'The body must be application/json in UTF-8 and not compressed; its type is application/json, gzip.',
      () => post('{}', { ...json, 'content-encoding': 'gzip' }),
    ],
    [400, 'The body is no valid JSON.', () => post('{"name":')],
    [400, 'The body is empty; it must be JSON.', () => post('')],
    [400, '"/name" in the body must not be empty.', () => post({ name: '' })],
    [400, '"/colour" in the body is not known here.', () => post({ name: 'a', colour: 1 })],
    [400, 'The body is wrong: Invalid input: expected object, received array.', () => post([])],
  ];
  for (const [status, detail, asking] of wrong) {
    const answer = await asking();
    assert.is(answer.body.detail, detail);
    assert.is(answer.status, status);
    assert.is(answer.headers.get('content-type'), 'application/problem+json');
    assert.is(answer.body.requestId, answer.headers.get('x-request-id'));
  }
});

test('a body without a length is cut at the limit, and what is no HTTP is refused with a sentence', async () => {
  const head =
    'POST /api/v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ann:free\r\nContent-Type: application/json\r\n';
  const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
  const long = await raw(`${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(6)}`);
  assert.match(long.head, /^HTTP\/1\.1 413 /);
  assert.match(long.head, /connection: close/i);
  const nonsense = await raw('nonsense\r\n\r\n');
  assert.match(nonsense.head, /^HTTP\/1\.1 400 /);
  assert.match(nonsense.body.toString(), 'urn:cryptosense:problem:malformed-request');
  const headers = await raw(`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`);
  assert.match(headers.head, /^HTTP\/1\.1 431 /);
});

test('an answer that is not as documented is a 500 and never sent', async () => {
  const { status, text } = await ask('/api/v1/things/undocumented');
  assert.is(status, 500);
  assert.not.match(text, 'zod');
});

test('pages of other origins may use the API, but not with a cookie', async () => {
  const preflight = await ask('/api/v1/things', {
    method: 'OPTIONS',
    headers: { origin: 'http://other.test', 'access-control-request-method': 'POST' },
  });
  assert.is(preflight.status, 204);
  assert.is(preflight.headers.get('access-control-allow-origin'), '*');
  assert.is(preflight.headers.get('access-control-allow-credentials'), null);
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', 'Idempotency-Key');
  const seen = await ask('/api/v1/things', { headers: { origin: 'http://other.test' } });
  assert.match(seen.headers.get('access-control-expose-headers') ?? '', 'ETag');
});

test('a repeated write with its key is done once and answered alike', async () => {
  const key = { 'idempotency-key': 'once-1' };
  const first = await post({ name: 'once' }, key);
  assert.is(first.status, 201);
  const again = await post({ name: 'once' }, { 'idempotency-key': '"once-1"' });
  assert.is(again.status, 201);
  assert.is(again.text, first.text);
  assert.is(again.headers.get('location'), first.headers.get('location'));
  assert.is(again.headers.get('idempotency-replayed'), 'true');
  assert.is(await rows('once'), 1);
  // The same path without its version is the same request.
  const plain = await fetch(`${url}/api/things`, {
    method: 'POST',
    headers: { authorization: 'Bearer ann:free', 'content-type': 'application/json', ...key },
    body: JSON.stringify({ name: 'once' }),
  });
  assert.is(plain.headers.get('idempotency-replayed'), 'true');
  assert.is((await post({ name: 'other' }, key)).status, 422);
  // Another user's key is another key.
  const other = await post({ name: 'once' }, { ...key, authorization: 'Bearer bob:free' });
  assert.is(other.headers.get('idempotency-replayed'), null);
  assert.is(await rows('once'), 2);
  assert.is((await post({ name: 'x' }, { 'idempotency-key': 'ä' })).status, 400);
});

test('without a key each write is done', async () => {
  await post({ name: 'twice' });
  await post({ name: 'twice' });
  assert.is(await rows('twice'), 2);
});

test('of concurrent repetitions one writes and the others are told to wait', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
  Object.assign(handle, { gate, entered: enter });
  const before = handle.executions;
  const key = { 'idempotency-key': 'concurrent' };
  const first = post({ name: 'concurrent' }, key);
  await entered;
  const others = await Promise.all([1, 2, 3].map(() => post({ name: 'concurrent' }, key)));
  open();
  assert.equal(
    others.map(({ status }) => status),
    [409, 409, 409],
  );
  assert.is(others[0]?.headers.get('retry-after'), '1');
  assert.is((await first).status, 201);
  assert.is(handle.executions, before + 1);
  assert.is(await rows('concurrent'), 1);
  Object.assign(handle, { gate: Promise.resolve(), entered: () => {} });
});

test('a refused write leaves nothing behind, and its key can be used again', async () => {
  const key = { 'idempotency-key': 'refused' };
  assert.is((await post({ name: 'refused' }, key)).status, 409);
  assert.is(await rows('refused'), 0);
  assert.is((await post({ name: 'allowed' }, key)).status, 201);
});

test('a write whose connection is lost half-way is neither done nor recorded, and its repetition is', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
  Object.assign(handle, { gate, entered: enter });
  const key = { 'idempotency-key': 'lost' };
  const lost = post({ name: 'lost' }, key);
  await entered;
  await world.parts.database.cut();
  open();
  const answer = await lost;
  assert.is(answer.status, 503);
  assert.is(answer.headers.get('retry-after'), '2');
  await world.parts.database.open();
  Object.assign(handle, { gate: Promise.resolve(), entered: () => {} });
  let again = await post({ name: 'lost' }, key);
  // The server may still be rolling the first one back, or the driver waiting to connect again.
  for (let tries = 0; again.status !== 201 && tries < 50; tries++) {
    assert.ok(again.status === 409 || again.status === 503, `found ${again.status}`);
    again = await post({ name: 'lost' }, key);
  }
  assert.is(again.status, 201);
  assert.is(again.headers.get('idempotency-replayed'), null);
  assert.is(await rows('lost'), 1);
});

test('limits are counted over replicas, by plan and client, and are in the headers', async () => {
  const limits = { RATE_LIMIT_ANONYMOUS: '0', RATE_LIMIT_FREE: '20', RATE_LIMIT_PRO: '30' };
  const replicas = await Promise.all([serveThings(world, limits), serveThings(world, limits)]);
  try {
    // In the last seconds of a minute the count would begin anew in the middle of the test.
    await minuteWith(8);
    const asks = (replica: number, token: string) =>
      fetch(`${replicas[replica]?.url}/api/v1/things/mine`, {
        headers: { authorization: `Bearer ${token}` },
      });
    for (let request = 0; request < 20; request++) {
      const { status, headers } = await asks(0, 'ann:free');
      assert.is(status, 200);
      assert.is(headers.get('ratelimit-policy'), '"free";q=20;w=60');
      assert.match(headers.get('ratelimit') ?? '', new RegExp(`^"free";r=${19 - request};t=\\d+$`));
    }
    const refused = await asks(0, 'ann:free');
    assert.is(refused.status, 429);
    assert.ok(Number(refused.headers.get('retry-after')) <= 60);
    // Another replica has to hear of it: after a request of its own and one exchange.
    const heard = Date.now() + 5_000;
    while ((await asks(1, 'ann:free')).status !== 429)
      assert.ok(Date.now() < heard, 'the count is not shared');
    assert.is((await asks(0, 'bob:free')).status, 200);
    assert.is((await asks(0, 'ann:pro')).headers.get('ratelimit-policy'), '"pro";q=30;w=60');
  } finally {
    await Promise.all(replicas.map((replica) => replica.stop()));
  }
});

test('a limit of an endpoint goes by the address before the trusted proxy, and Redis gone refuses nobody', async () => {
  const rare = (forwarded: string) =>
    fetch(`${url}/api/v1/things/rare`, { method: 'POST', headers: { 'x-forwarded-for': forwarded } });
  const four = async (address: string) => {
    await minuteWith(3);
    const statuses: number[] = [];
    // What the client itself wrote into the header stands further left.
    for (let i = 0; i < 4; i++) statuses.push((await rare(`10.0.0.${i}, ${address}`)).status);
    return statuses;
  };
  assert.equal(await four('192.0.2.1'), [204, 204, 204, 429]);
  await world.parts.cache.cut();
  try {
    const start = performance.now();
    assert.equal(await four('192.0.2.2'), [204, 204, 204, 429]);
    assert.ok(performance.now() - start < 3_500);
    assert.is((await ask('/api/v1/things')).status, 200);
  } finally {
    await world.parts.cache.open();
  }
});

test('the document is made from the same declarations, and so is the page, which needs nothing from elsewhere', async () => {
  const { headers, body } = await ask('/api/openapi.json');
  assert.is(body.openapi, '3.1.0');
  assert.match(headers.get('etag') ?? '', 'W/');
  const paths = body.paths as Record<string, Record<string, { responses: object; requestBody?: object }>>;
  assert.equal(Object.keys(paths['/things']?.post?.responses ?? {}), [
    '201',
    '400',
    '401',
    '403',
    '406',
    '409',
    '413',
    '415',
    '422',
    '429',
    '500',
    '503',
  ]);
  const page = await ask('/api/docs');
  assert.is(page.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.match(page.headers.get('content-security-policy') ?? '', /^default-src 'none'; style-src 'sha256-/);
  assert.match(page.text, 'Many things, so that they are worth compressing');
  assert.not.match(page.text, /<script|https?:\/\/(?!127)|src=/);
});

test.run();
