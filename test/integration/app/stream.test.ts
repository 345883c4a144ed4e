import { connect } from 'node:net';
import { createClient } from 'redis';
import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { cacheUrl } from '../containers.ts';
import { EventStream } from './event-stream.ts';
import { eventually, get, World } from './world.ts';

const test = suite('stream of prices');
const world = new World();
const simulated = { FEED: 'simulator', FEED_INTERVAL_MS: '200', STREAM_HEARTBEAT_MS: '100' };
const opened: EventStream[] = [];

test.before(() => world.start());
test.after(async () => {
  for (const stream of opened) stream.close();
  await world.stop();
});

async function open(url: string, headers: Record<string, string> = {}): Promise<EventStream> {
  const stream = await EventStream.open(url, headers);
  opened.push(stream);
  return stream;
}
const after = (stream: EventStream, count: number) =>
  eventually(
    10_000,
    async () => stream.events.length,
    (found) => found >= count,
  );
const ids = (stream: EventStream) => stream.events.map(({ id }) => Number(id));

test('every replica streams what one of them polls: each moment once, in order, with all prices', async () => {
  const replicas = await Promise.all([world.serve(simulated), world.serve(simulated)]);
  const streams = await Promise.all(replicas.map(({ url }) => open(`${url}/api/v1/prices/stream`)));
  for (const stream of streams) {
    await after(stream, 5);
    assert.match(stream.headers['content-type'] ?? '', 'text/event-stream');
    assert.is(stream.headers['content-encoding'], undefined);
    const seen = ids(stream);
    assert.equal(
      seen,
      [...new Set(seen)].sort((a, b) => a - b),
    );
    assert.is(stream.events[0]?.event, 'prices');
    assert.is(stream.events[0]?.data.prices.length, 8);
  }
  // The newest price is what was streamed, not what was kept in Redis a while ago.
  const [first] = replicas;
  await eventually(
    5_000,
    async () => {
      const streamed = streams[0]?.events.at(-1)?.data.prices.find(({ symbol }) => symbol === 'BTC')?.price;
      return { streamed, asked: (await get(`${first?.url}/api/prices/BTC`)).body.price };
    },
    ({ streamed, asked }) => streamed === asked,
  );
  const metrics = await (await fetch(`${first?.url}/metrics`)).text();
  assert.match(metrics, /cryptosense_stream_clients 1\n/);
  for (const { server } of replicas) await server.stop();
});

test('a client chooses its symbols, hears heartbeats, and gets what it missed', async () => {
  const { url } = await world.serve(simulated);
  const chosen = await open(`${url}/api/prices/stream?symbols=btc,ETH`);
  await after(chosen, 3);
  assert.equal(
    chosen.events[0]?.data.prices.map(({ symbol }) => symbol),
    ['BTC', 'ETH'],
  );
  await eventually(
    3_000,
    async () => chosen.comments,
    (count) => count >= 2,
  );
  chosen.close();
  const [, , third] = chosen.events;
  const last = Number(third?.id);
  await eventually(
    5_000,
    async () => {
      const [row] = await world.parts.sql`
        select count(distinct timestamp)::int as n from price_history where timestamp > ${new Date(last)}`;
      return row?.n as number;
    },
    (count) => count >= 4,
  );
  const back = await open(`${url}/api/prices/stream?symbols=BTC`, { 'Last-Event-ID': String(last) });
  await after(back, 6);
  const stored = await world.parts.sql`
    select distinct timestamp from price_history where timestamp > ${new Date(last)} and symbol = 'BTC'
    order by timestamp limit 6`;
  assert.equal(
    ids(back).slice(0, 6),
    stored.map(({ timestamp }) => (timestamp as Date).getTime()),
  );
});

test('a wrong choice is a problem and no stream, and a full server says when to come back', async () => {
  const { url } = await world.serve({ STREAM_MOST_CLIENTS: '1' });
  assert.is((await get(`${url}/api/prices/stream?symbols=NOPE`)).status, 404);
  assert.is((await get(`${url}/api/prices/stream?symbols=,`)).status, 400);
  const json = await fetch(`${url}/api/prices/stream`, { headers: { accept: 'application/json' } });
  assert.is(json.status, 406);
  await json.body?.cancel();
  await open(`${url}/api/prices/stream`);
  const full = await get(`${url}/api/prices/stream`);
  assert.is(full.status, 503);
  assert.is(full.headers.get('retry-after'), '5');
});

test('a client that does not read is dropped, and the others hear everything', async () => {
  const { url } = await world.serve({ ...simulated, STREAM_HEARTBEAT_MS: '50' });
  const { hostname, port } = new URL(url);
  const reading = await open(`${url}/api/prices/stream`);
  const slow = connect({ host: hostname, port: Number(port) });
  slow.on('error', () => {});
  slow.write('GET /api/prices/stream?symbols=BTC HTTP/1.1\r\nHost: x\r\n\r\n');
  slow.pause();
  const metrics = async () => (await fetch(`${url}/metrics`)).text();
  await eventually(5_000, metrics, (text) => /cryptosense_stream_clients 2\n/.test(text));
  // The kernel's buffers take megabytes; a burst fills them sooner than the feed would.
  const burst = JSON.stringify({
    id: 1,
    prices: Array.from({ length: 50 }, () => ({
      symbol: 'BTC',
      price: '1'.repeat(500),
      volume24h: null,
      timestamp: '',
    })),
  });
  const client = await createClient({ url: cacheUrl(world.parts.cache) }).connect();
  try {
    let published = 0;
    // Ahead of the feed's own moments: an older one is not passed on.
    for (let id = Date.now() + 3_600_000; ; id++) {
      await client.publish('prices', burst.replace('"id":1', `"id":${id}`));
      if (/cryptosense_stream_ends_total\{reason="slow"\} 1/.test(await metrics())) break;
      published += 1;
      assert.ok(published < 3_000, 'nobody was dropped');
    }
  } finally {
    await client.close();
  }
  const before = reading.events.length;
  await eventually(
    5_000,
    async () => reading.comments,
    (count) => count > 0,
  );
  assert.ok(before > 0 && !reading.ended);
  slow.destroy();
});

test('with Redis gone the stream goes on, and a stopping server ends it in peace', async () => {
  const { url, server } = await world.serve({ ...simulated, DRAIN_MS: '300' });
  const stream = await open(`${url}/api/prices/stream`);
  await after(stream, 2);
  await world.parts.cache.cut();
  try {
    const count = stream.events.length;
    await after(stream, count + 3);
  } finally {
    await world.parts.cache.open();
  }
  const count = stream.events.length;
  await after(stream, count + 2);
  const start = performance.now();
  assert.is(await server.stop(), true);
  assert.ok(performance.now() - start < 5_000);
  await eventually(
    1_000,
    async () => stream.ended,
    (ended) => ended,
  );
});

test.run();
