import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { eventually, get, World } from './world.ts';

const test = suite('traces');
const world = new World();

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes: { key: string; value: { stringValue?: string; intValue?: number } }[];
}

/** What an OTLP collector is sent, as JSON over HTTP. */
class Collector {
  readonly spans: Span[] = [];
  readonly bodies: string[] = [];
  #server: Server | undefined;

  async start(): Promise<string> {
    this.#server = createServer(async (request, response) => {
      const body = await text(request);
      this.bodies.push(body);
      for (const resource of JSON.parse(body).resourceSpans)
        for (const scope of resource.scopeSpans) this.spans.push(...scope.spans);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    }).listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }
}

const collector = new Collector();
let endpoint: string;

test.before(async () => {
  await world.start();
  await world.parts.sql`
    insert into price_history (symbol, timestamp, price) values ('BTC', '2026-01-01T00:00:00Z', 100)`;
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
  const named = (name: string) => collector.spans.filter((span) => span.name === name);
  const [history] = named('GET /api/v1/prices/:symbol/history');
  assert.is(history?.traceId, TRACE);
  assert.is(history?.parentSpanId, 'b7ad6b7169203331');
  assert.ok(
    history?.attributes.some(
      ({ key, value }) => key === 'http.response.status_code' && value.intValue === 200,
    ),
  );
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

test.run();
