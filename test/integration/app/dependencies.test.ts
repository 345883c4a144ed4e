import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { eventually, get, World } from './world.ts';

const test = suite('API without its dependencies');
const world = new World();

test.before(async () => {
  await world.start();
  await world.parts.sql`
    insert into price_history (symbol, timestamp, price) values
      ('BTC', '2026-01-01T00:00:00Z', 100), ('ETH', '2026-01-01T00:00:00Z', 10)`;
});
test.after(() => world.stop());

const services = (url: string) =>
  get(`${url}/health/detailed`).then(({ body }) => body.services as Record<string, string>);
const status = (url: string) => get(url).then((answer) => answer.status);

test('with Redis gone or silent, prices come from the database and readiness stays', async () => {
  const { cache } = world.parts;
  const { url } = await world.serve();
  // The feed has no upstream here; it is known to fail only after its first poll.
  await eventually(
    15_000,
    () => services(url),
    (found) => found.database === 'ok' && found.redis === 'ok' && found.coingecko === 'error',
  );
  for (const shut of [() => cache.cut(), async () => cache.hang()]) {
    await shut();
    const start = performance.now();
    assert.is((await get(`${url}/api/prices/BTC`)).body.price, '100');
    assert.ok(performance.now() - start < 1_000);
    assert.is(await status(`${url}/health/ready`), 200);
    const detailed = await get(`${url}/health/detailed`);
    assert.is(detailed.status, 503);
    assert.equal(detailed.body.services, { database: 'ok', redis: 'error', coingecko: 'error' });
    await cache.open();
    await eventually(
      15_000,
      () => services(url),
      (found) => found.database === 'ok' && found.redis === 'ok',
    );
  }
});

test('with the database gone or silent, known prices are served, others are a 503 in time, and it recovers', async () => {
  const { database, cache } = world.parts;
  const { url } = await world.serve();
  await eventually(
    15_000,
    () => status(`${url}/api/prices/BTC`),
    (found) => found === 200,
  );
  // As the kubelet does before a pod gets its first request.
  assert.is(await status(`${url}/health/ready`), 200);
  for (const shut of [() => database.cut(), async () => database.hang()]) {
    await shut();
    await cache.cut();
    const start = performance.now();
    // An answer that is ready is given for a second; after that it is said to be stale.
    const known = await eventually(
      6_000,
      () => get(`${url}/api/prices/BTC`),
      ({ body }) => body.stale === true,
    );
    assert.is(known.status, 200);
    const unknown = await get(`${url}/api/prices/BTC/history`);
    assert.is(unknown.status, 503);
    assert.is(unknown.headers.get('retry-after'), '2');
    // All replicas share the database: taking them out of service would take away what they still know, too.
    assert.is(await status(`${url}/health/ready`), 200);
    assert.is(await status(`${url}/health`), 200);
    assert.ok(performance.now() - start < 11_000, `took ${performance.now() - start} ms`);
    await Promise.all([database.open(), cache.open()]);
    await eventually(
      15_000,
      () => status(`${url}/api/prices/BTC/history`),
      (found) => found === 200,
    );
  }
});

test('a server starts without its dependencies and becomes ready when they come', async () => {
  const { database, cache } = world.parts;
  await Promise.all([database.cut(), cache.cut()]);
  const { url } = await world.serve();
  assert.is(await status(`${url}/health`), 200);
  assert.is(await status(`${url}/health/ready`), 503);
  await Promise.all([database.open(), cache.open()]);
  await eventually(
    15_000,
    () => services(url),
    (found) => found.database === 'ok' && found.redis === 'ok',
  );
  assert.is(await status(`${url}/health/ready`), 200);
});

test.run();
