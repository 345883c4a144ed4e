import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { Collector } from '../collector.ts';
import { databaseUrl } from '../containers.ts';
import { ApiProcess } from './api-process.ts';
import { eventually, get, World } from './world.ts';

const test = suite('traces');
const world = new World();

const collector = new Collector();
let endpoint: string;

test.before(async () => {
  await world.start();
  await world.parts.sql`
    insert into price_history (symbol, timestamp, price) values ('BTC', '2026-01-01T00:00:00Z', 100)`;
  // Enough for a forecast.
  await world.parts.sql`
    insert into price_history (symbol, timestamp, price)
    select 'ETH', date_trunc('hour', now()) - n * interval '1 hour' + interval '1 minute', 2000 + n
    from generate_series(1, 336) as n`;
  endpoint = await collector.start();
});
test.after(async () => {
  await world.stop();
  collector.stop();
});

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const asked = { headers: { traceparent: `00-${TRACE}-b7ad6b7169203331-01` } };

test('without an endpoint nothing is traced, and a trace that is brought along changes nothing', async () => {
  const { url, server } = await world.serve();
  assert.is((await fetch(`${url}/api/prices/BTC`, asked)).status, 200);
  await server.stop();
  assert.is(collector.spans.length, 0);
});

test("a request is a span of its caller's trace, with the spans of SQL and Redis in it", async () => {
  const { url, server } = await world.serve({
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_TRACES_SAMPLER_ARG: '0',
  });
  await world.parts.sql`select 1`;
  await (await fetch(`${url}/api/v1/prices/BTC/history?limit=3`, asked)).text();
  await (await fetch(`${url}/api/prices/BTC`, asked)).text();
  // Once more, when its answer is ready: who brings a trace along is traced all the same.
  await (await fetch(`${url}/api/prices/BTC`, asked)).text();
  // Nobody asked for a trace of these.
  await get(`${url}/api/prices/BTC`);
  await get(`${url}/health`);
  await server.stop();
  const named = (name: string) => collector.named(name);
  const [history] = named('GET /api/v1/prices/:symbol/history');
  assert.is(history?.traceId, TRACE);
  assert.is(history?.parentSpanId, 'b7ad6b7169203331');
  assert.is(history?.facts['http.response.status_code'], 200);
  assert.ok(named('postgresql query').some(({ parentSpanId }) => parentSpanId === history?.spanId));
  const prices = named('GET /api/prices/:symbol');
  assert.is(prices.length, 2);
  assert.ok(named('redis GET').some(({ parentSpanId }) => parentSpanId === prices[0]?.spanId));
  assert.ok(collector.spans.every(({ traceId }) => traceId === TRACE));
  for (const secret of ['test-password', 'price:BTC', 'select '])
    assert.not.ok(collector.bodies.some((body) => body.includes(secret)));
});

test('the feed is traced, and a collector that is gone costs nothing', async () => {
  const before = collector.spans.length;
  const { server } = await world.serve({
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    FEED: 'simulator',
    FEED_INTERVAL_MS: '200',
  });
  await eventually(
    10_000,
    async () => collector.spans.slice(before).map(({ name }) => name),
    (names) => names.includes('feed poll') && names.includes('feed quotes'),
  );
  await server.stop();
  const gone = await world.serve({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
  for (let request = 0; request < 20; request++)
    assert.is((await fetch(`${gone.url}/api/prices/BTC`, asked)).status, 200);
  const start = performance.now();
  await gone.server.stop();
  assert.ok(performance.now() - start < 8_000);
});

test('a forecast is one trace from the API through the predictor to its query', async () => {
  const entry = new URL('../../../app/main.ts', import.meta.url).pathname;
  const tracing = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint };
  // A process each, as in a cluster: what traces is one a process.
  const direct = { ...world.variables(tracing), DATABASE_URL: databaseUrl(world.parts.pooler) };
  const predictor = await ApiProcess.start(entry, direct, ['predictor']);
  const api = await ApiProcess.start(entry, world.variables({ ...tracing, PREDICTOR_URL: predictor.url }));
  const before = collector.spans.length;
  try {
    assert.is((await get(`${api.url}/api/predictions/ETH?horizon=24h`)).status, 200);
  } finally {
    // What is not sent yet is sent at the end.
    for (const one of [api, predictor]) {
      one.signal('SIGTERM');
      assert.is(await one.exitCode(), 0);
    }
  }
  const spans = collector.spans.slice(before);
  const one = (service: string, name: string) =>
    spans.find((span) => span.service === service && span.name === name);
  const asked = one('cryptosense-api', 'GET /api/predictions/:symbol');
  const served = one('cryptosense-predictor', 'GET /predict/:symbol');
  const computed = one('cryptosense-predictor', 'forecast');
  const query = one('cryptosense-predictor', 'postgresql transaction');
  assert.ok(asked && served && computed && query, spans.map(({ name }) => name).join());
  assert.is(served.traceId, asked.traceId);
  assert.is(computed.parentSpanId, served.spanId);
  assert.is(query.parentSpanId, computed.spanId);
  assert.is(computed.facts['forecast.horizon'], '24h');
});

test.run();
