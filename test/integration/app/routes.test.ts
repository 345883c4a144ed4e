import { createClient } from 'redis';
import * as assert from 'uvu/assert';
import { Problem } from '../../../app/http/problem.ts';
import { suite } from '../../harness/suite.ts';
import { cacheUrl } from '../containers.ts';
import { get, World } from './world.ts';

const test = suite('routes of the API');
const world = new World();
let url: string;

test.before(async () => {
  await world.start();
  await world.parts.sql`
    insert into price_history (symbol, timestamp, price, volume) values
      ('BTC', '2026-01-01T00:00:10Z', '100.10', 5), ('BTC', '2026-01-01T00:00:20Z', '99.00', 6),
      ('BTC', '2026-01-01T00:00:50Z', '101.25', 7), ('BTC', '2026-01-01T00:01:00Z', '65000.123456', 8),
      ('DOGE', '2026-01-01T00:00:00Z', '0.00000012', null)`;
  ({ url } = await world.serve());
});
test.after(() => world.stop());

test('the newest price is a decimal string, whatever the case of the symbol', async () => {
  for (const symbol of ['BTC', 'btc', 'Btc']) {
    const { status, headers, body } = await get(`${url}/api/prices/${symbol}`);
    assert.is(status, 200);
    assert.match(headers.get('content-type') ?? '', 'application/json');
    assert.equal(body, {
      symbol: 'BTC',
      price: '65000.123456',
      volume24h: '8',
      timestamp: '2026-01-01T00:01:00.000Z',
      stale: false,
    });
  }
  assert.is((await get(`${url}/api/prices/DOGE`)).body.price, '0.00000012');
});

test('a price stays in Redis for 60 s under price:{symbol}', async () => {
  const redis = await createClient({ url: cacheUrl(world.parts.cache) }).connect();
  try {
    await get(`${url}/api/prices/BTC`);
    const ttl = await redis.pTTL('price:BTC');
    assert.ok(ttl > 55_000 && ttl <= 60_000, `found ${ttl} ms`);
  } finally {
    await redis.close();
  }
});

test('an unknown symbol is a 404, one without a price too, and no symbol at all a 400', async () => {
  const unknown = await get(`${url}/api/prices/NOPE`);
  assert.is(unknown.status, 404);
  assert.is(unknown.headers.get('content-type'), 'application/problem+json');
  assert.is(unknown.body.type, 'urn:cryptosense:problem:unknown-symbol');
  assert.match(
    String(unknown.body.detail),
    'There is no asset with the symbol NOPE; these are known: BTC, ETH',
  );
  const empty = await get(`${url}/api/prices/ETH`);
  assert.is(empty.status, 404);
  assert.is(empty.body.detail, 'No price of ETH has been recorded yet.');
  for (const wrong of ['B-T', "';--", 'A'.repeat(16)]) {
    const { status, body } = await get(`${url}/api/prices/${encodeURIComponent(wrong)}`);
    assert.is(status, 400);
    assert.is(body.detail, 'The parameter "symbol" must be 1 to 15 letters and digits, such as BTC.');
  }
});

test('the list has every known asset, with null where there is no price', async () => {
  const { status, body } = await get(`${url}/api/prices`);
  assert.is(status, 200);
  const prices = body.prices as { symbol: string; price: string | null; url: string }[];
  assert.equal(prices.map(({ symbol, price }) => [symbol, price]).slice(0, 2), [
    ['BTC', '65000.123456'],
    ['ETH', null],
  ]);
  assert.is(prices[0]?.url, 'http://api.test/api/prices/BTC');
});

test('history has candles of what happened in each interval', async () => {
  const range = 'from=2026-01-01T00:00:00Z&to=2026-01-01T00:02:00Z';
  const { status, body } = await get(`${url}/api/prices/BTC/history?interval=1m&${range}`);
  assert.is(status, 200);
  assert.equal(body.candles, [
    {
      timestamp: '2026-01-01T00:00:00.000Z',
      open: '100.1',
      high: '101.25',
      low: '99',
      close: '101.25',
      volume24h: '7',
    },
    {
      timestamp: '2026-01-01T00:01:00.000Z',
      open: '65000.123456',
      high: '65000.123456',
      low: '65000.123456',
      close: '65000.123456',
      volume24h: '8',
    },
  ]);
});

test('the pages of a history put together are the whole of it, whatever their size', async () => {
  const range = 'interval=1m&from=2025-12-31T23:55:30Z&to=2026-01-01T00:02:00Z';
  const whole = (await get(`${url}/api/prices/BTC/history?${range}`)).body;
  assert.is(whole.nextCursor, null);
  for (const limit of [1, 2, 3, 100]) {
    let candles: unknown[] = [];
    let cursor: unknown = '';
    let pages = 0;
    while (cursor !== null) {
      const page = `${range}&limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const { status, body } = await get(`${url}/api/prices/BTC/history?${page}`);
      assert.is(status, 200);
      candles = [...(body.candles as unknown[]), ...candles];
      cursor = body.nextCursor;
      pages += 1;
    }
    assert.equal(candles, whole.candles);
    assert.is(pages, Math.ceil(7 / limit));
  }
  const { body } = await get(`${url}/api/prices/BTC/history?${range}&limit=1`);
  for (const other of [
    `${range}&cursor=abc`,
    `interval=5m&from=2025-12-31T23:55:30Z&cursor=${body.nextCursor}`,
  ]) {
    const wrong = await get(`${url}/api/prices/BTC/history?${other}`);
    assert.is(wrong.status, 400);
    assert.match(String(wrong.body.detail), 'The parameter "cursor" must be the nextCursor');
  }
});

test('some prices at once, and symbols by a part of their names', async () => {
  const { body } = await get(`${url}/api/v1/prices?symbols=doge,BTC,btc`);
  assert.equal(
    (body.prices as { symbol: string }[]).map(({ symbol }) => symbol),
    ['BTC', 'DOGE'],
  );
  assert.is((await get(`${url}/api/v1/prices?symbols=BTC,NOPE`)).status, 404);
  assert.is((await get(`${url}/api/v1/prices?symbols=`)).status, 400);
  const found = async (q: string) =>
    ((await get(`${url}/api/v1/symbols?q=${q}`)).body.symbols as { symbol: string }[]).map(
      ({ symbol }) => symbol,
    );
  assert.equal(await found('e'), ['ETH', 'DOGE', 'LTC']);
  assert.equal(await found('COIN'), ['BTC', 'DOGE', 'LTC']);
  assert.equal(await found('zzz'), []);
  assert.is((await found('')).length, 8);
});

test('each wrong parameter of a history is named', async () => {
  const wrong: [string, string][] = [
    ['interval=2d', 'The parameter "interval" must be one of 1m, 5m, 1h, 1d.'],
    ['from=yesterday', 'The parameter "from" must be a time such as 2026-01-31T12:00:00Z.'],
    ['to=2026-13-01T00:00:00Z', 'The parameter "to" must be a time such as 2026-01-31T12:00:00Z.'],
    ['limit=0', 'The parameter "limit" must be a whole number from 1 to 1000.'],
    ['limit=5000', 'The parameter "limit" must be a whole number from 1 to 1000.'],
    ['limit=1&limit=2', 'The parameter "limit" must be given once.'],
    ['page=2', 'The parameter "page" is not a parameter here; these are: interval, from, to, limit, cursor.'],
    [
      'from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z',
      'The parameter "from" must be before "to" (which is now when it is not given).',
    ],
  ];
  for (const [query, detail] of wrong) {
    const { status, body } = await get(`${url}/api/prices/BTC/history?${query}`);
    assert.is(status, 400, query);
    assert.is(body.detail, detail);
  }
  const { body } = await get(`${url}/api/prices/BTC/history?interval=x&limit=x`);
  assert.equal(
    (body.errors as { parameter: string }[]).map(({ parameter }) => parameter),
    ['interval', 'limit'],
  );
});

test('another path is a 404 and another method a 405, both with a sentence', async () => {
  assert.is((await get(`${url}/nothing`)).body.detail, 'There is nothing at /nothing.');
  const response = await fetch(`${url}/api/prices`, { method: 'DELETE' });
  assert.is(response.status, 405);
  assert.match(response.headers.get('allow') ?? '', 'GET');
  assert.match(await response.text(), 'DELETE is not possible here');
  const unheard = await fetch(`${url}/api/prices`, { method: 'PROPFIND' });
  assert.is(unheard.status, 405);
  await unheard.body?.cancel();
});

test('a well-formed request id is kept, another one replaced, and answers carry security headers', async () => {
  const kept = await fetch(`${url}/health`, { headers: { 'X-Request-Id': 'abc-1' } });
  assert.is(kept.headers.get('x-request-id'), 'abc-1');
  const replaced = await fetch(`${url}/health`, { headers: { 'X-Request-Id': 'a b{}' } });
  assert.match(replaced.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
  assert.is(kept.headers.get('x-content-type-options'), 'nosniff');
});

test('health is ok, ready is ok, and detailed names the feed that is used', async () => {
  assert.is((await get(`${url}/health`)).body.status, 'ok');
  assert.is((await get(`${url}/health/ready`)).status, 200);
  const { status, body } = await get(`${url}/health/detailed`);
  // The feed fails in this world, and that is not critical.
  assert.is(status, 200);
  assert.equal(body.services, { database: 'ok', redis: 'ok', coingecko: 'error' });
});

test('requests are counted by route pattern and never by path', async () => {
  await get(`${url}/some/path/${Math.random()}`);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  assert.match(
    metrics,
    /http_requests_total\{method="GET",route="\/api\/prices\/:symbol",status="404"\} \d+/,
  );
  assert.match(metrics, /http_requests_total\{method="GET",route="unmatched",status="404"\} \d+/);
  assert.match(
    metrics,
    /http_request_duration_seconds_bucket\{le="1",method="GET",route="\/health",status_class="2xx"\} \d+/,
  );
  assert.match(metrics, 'process_cpu_seconds_total');
  assert.not.match(metrics, 'some/path');
});

test('what an extra middleware answers counts under the route that was asked for', async () => {
  const faulty = await world.serve({}, [
    async (ctx, next) => {
      if (ctx.path.startsWith('/api'))
        throw new Problem({ status: 500, kind: 'fault', detail: 'On purpose.' });
      await next();
    },
  ]);
  assert.is((await get(`${faulty.url}/api/prices/BTC`)).status, 500);
  assert.is((await get(`${faulty.url}/health/ready`)).status, 200);
  const metrics = await (await fetch(`${faulty.url}/metrics`)).text();
  assert.match(metrics, 'http_requests_total{method="GET",route="/api/prices/:symbol",status="500"} 1');
});

test.run();
