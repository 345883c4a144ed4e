import { get as httpGet, type IncomingHttpHeaders } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { createClient } from 'redis';
import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { cacheUrl } from '../containers.ts';
import { minuteWith } from './minute.ts';
import { get, World } from './world.ts';

const test = suite('path before the framework');
const world = new World();
let url: string;

test.before(async () => {
  await world.start();
  await world.parts.sql`
    insert into price_history (symbol, timestamp, price)
    select symbol, '2026-01-01T00:00:00Z', 100
    from unnest(array['BTC', 'ETH', 'SOL', 'BNB', 'XRP', 'ADA', 'DOGE', 'LTC']) as symbol`;
  ({ url } = await world.serve({ RATE_LIMIT_ANONYMOUS: '100000' }));
});
test.after(() => world.stop());

interface Seen {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Without fetch, which decompresses and adds headers of its own. */
function ask(path: string, headers: Record<string, string> = {}): Promise<Seen> {
  return new Promise((resolve, reject) => {
    httpGet(`${url}${path}`, { headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    }).on('error', reject);
  });
}

/** An answer through the framework: a cookie, whatever is in it, takes the long way. */
const long = (path: string, headers: Record<string, string> = {}) => ask(path, { ...headers, cookie: 'a=b' });

/** A query of the database or of Redis is a lookup; an answer that is ready is none. */
async function lookups(): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return [...text.matchAll(/cryptosense_price_lookups_total\{.*\} (\d+)/g)].reduce(
    (sum, [, n]) => sum + Number(n),
    0,
  );
}

const comparable = ({ status, headers, body }: Seen) => {
  const { date, 'x-request-id': _, ratelimit, ...rest } = headers;
  return { status, headers: rest, body: body.toString('base64') };
};

test('the short way answers as the long one does, header by header, and looks nothing up', async () => {
  for (const path of ['/api/prices/BTC', '/api/v1/prices/btc', '/api/prices']) {
    const first = await long(path);
    const etag = String(first.headers.etag);
    const asked: Record<string, string>[] = [
      {},
      { 'if-none-match': etag },
      { 'if-none-match': 'W/"other"' },
      { accept: 'application/json' },
    ];
    for (const headers of asked) {
      // The long way keeps the answer ready anew.
      const expected = await long(path, headers);
      await long(path);
      const before = await lookups();
      const short = await ask(path, headers);
      assert.is(await lookups(), before, `${path} with ${JSON.stringify(headers)} took the long way`);
      assert.equal(comparable(short), comparable(expected));
      assert.match(String(short.headers['x-request-id']), /^[0-9a-f-]{36}$/);
      assert.match(String(short.headers.ratelimit), /^"anonymous";r=\d+;t=\d+$/);
    }
  }
});

test('what is worth it is ready in gzip as well', async () => {
  await long('/api/v1/prices');
  const { headers, body } = await ask('/api/v1/prices', { 'accept-encoding': 'gzip' });
  assert.is(headers['content-encoding'], 'gzip');
  assert.equal(
    JSON.parse(gunzipSync(body).toString()),
    JSON.parse((await ask('/api/v1/prices')).body.toString()),
  );
  const refused = await ask('/api/v1/prices', { 'accept-encoding': 'gzip;q=0' });
  assert.is(refused.headers['content-encoding'], undefined);
});

test('an id is taken over, a limit kept, and every answer counted', async () => {
  const limited = await world.serve({ RATE_LIMIT_ANONYMOUS: '30' });
  await minuteWith(3);
  const statuses = new Map<number, number>();
  for (let request = 0; request < 40; request++) {
    const { status, headers } = await get(`${limited.url}/api/prices/BTC`);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status === 429) assert.is(headers.get('content-type'), 'application/problem+json');
  }
  assert.equal(
    [...statuses],
    [
      [200, 30],
      [429, 10],
    ],
  );
  const text = await (await fetch(`${limited.url}/metrics`)).text();
  assert.match(text, 'http_requests_total{method="GET",route="/api/prices/:symbol",status="200"} 30');
  assert.match(
    text,
    'http_request_duration_seconds_count{method="GET",route="/api/prices/:symbol",status_class="2xx"} 30',
  );
  await long('/api/prices/BTC');
  assert.is((await ask('/api/prices/BTC', { 'x-request-id': 'mine-1' })).headers['x-request-id'], 'mine-1');
});

test('a new price is shown within a second, and old ones are never kept longer', async () => {
  const redis = await createClient({ url: cacheUrl(world.parts.cache) }).connect();
  // The server of the other tests holds the lead, and its feed has no upstream.
  await redis.del('feed:leader');
  await redis.close();
  const { url: own } = await world.serve({ FEED: 'simulator', FEED_INTERVAL_MS: '200' });
  const seen = new Set<unknown>();
  const end = performance.now() + 3_000;
  while (performance.now() < end) {
    const { body } = await get(`${own}/api/prices/BTC`);
    if (typeof body.timestamp === 'string') seen.add(body.timestamp);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(seen.size >= 5, `only ${seen.size} prices in three seconds`);
});

test('a server that drains and a middleware of another release see every request', async () => {
  let met = 0;
  const { url: other, server } = await world.serve({ DRAIN_MS: '400' }, [
    async (_ctx, next) => {
      met += 1;
      await next();
    },
  ]);
  for (let request = 0; request < 5; request++) await get(`${other}/api/prices/BTC`);
  assert.is(met, 5);
  const plain = await world.serve({ DRAIN_MS: '400' });
  await get(`${plain.url}/api/prices/BTC`);
  const stopping = plain.server.stop();
  assert.is((await get(`${plain.url}/api/prices/BTC`)).headers.get('connection'), 'close');
  await Promise.all([stopping, server.stop()]);
});

test.run();
