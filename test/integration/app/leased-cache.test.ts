import * as assert from 'uvu/assert';
import { z } from 'zod';
import { fixedUrl } from '../../../app/connection-url.ts';
import { type Cache, openCache } from '../../../app/storage/cache.ts';
import { createLeasedCache, type LeasedCache } from '../../../app/storage/leased-cache.ts';
import { suite } from '../../harness/suite.ts';
import { Containers, cacheUrl } from '../containers.ts';
import { Gate } from './gate.ts';
import { eventually } from './world.ts';

const test = suite('copies in Redis');
const containers = new Containers();
const connections: Cache[] = [];
let gate: Gate;
/** Of two replicas; the gate is before the first alone. */
let here: LeasedCache<number>;
let there: LeasedCache<number>;

test.before(async () => {
  const address = await containers.startCache();
  gate = await Gate.to(address);
  const replica = async (url: string, freshMs?: number) => {
    const cache = openCache({ url: fixedUrl(url, ['redis:']), onChange: () => {} });
    connections.push(cache);
    await cache.tried;
    const fresh = freshMs === undefined ? {} : { freshMs };
    return createLeasedCache({ cache, schema: z.number(), ttlMs: () => 60_000, retryMs: 50, ...fresh });
  };
  here = await replica(cacheUrl(gate));
  there = await replica(cacheUrl(address));
});
test.after(async () => {
  await Promise.all(connections.map((cache) => cache.end()));
  await gate?.cut();
  await containers.stop();
});

const unused = () => assert.unreachable('the copy was not used') as never;
/** Copies are kept without anybody waiting for it. */
const kept = (cache: LeasedCache<number>, key: string, value: number) =>
  eventually(
    5_000,
    () => cache.read(key, async () => -1),
    (found) => found === value,
  );

test('what one replica read, the other has as a copy', async () => {
  assert.is(await here.read('a', async () => 1), 1);
  await eventually(
    5_000,
    () => there.read('a', async () => 1).then(() => there.read('a', async () => 2)),
    (found) => found === 1,
  );
  assert.is(await there.read('a', async () => unused()), 1);
});

test('what was read before a write is not kept after it, on whichever replica it was read', async () => {
  for (const reader of [here, there]) {
    const { promise: value, resolve: loaded } = Promise.withResolvers<number>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const reading = reader.read('b', () => {
      begin();
      return value;
    });
    await begun;
    // Committed in the meantime, by the other one.
    assert.is(await (reader === here ? there : here).forget('b'), true);
    loaded(1);
    assert.is(await reading, 1);
    // Longer than keeping it takes.
    for (let look = 0; look < 20; look++) assert.is(await there.read(`b-pause-${look}`, async () => 0), 0);
    assert.is(await there.read('b', async () => 2), 2);
    await kept(there, 'b', 2);
    await here.forget('b');
  }
});

test('a replica that could not tell Redis of a write never uses the old copy, and tells it when it can', async () => {
  assert.is(await here.read('c', async () => 1), 1);
  assert.is(await here.read('c', async () => unused()), 1);
  await gate.cut();
  assert.is(await here.forget('c'), false);
  assert.is(await here.read('c', async () => 2), 2);
  await gate.open();
  await eventually(
    10_000,
    () => there.read('c', async () => 2),
    (found) => found === 2,
  );
  assert.is(await here.read('c', async () => 2), 2);
});

test('an old copy is compared with the database, and is good enough while that does not answer', async () => {
  const [cache] = connections;
  assert.ok(cache);
  const strict = createLeasedCache({ cache, schema: z.number(), ttlMs: () => 60_000, freshMs: 0 });
  assert.is(await strict.read('d', async () => 1), 1);
  const away = async () => {
    throw new Error('away');
  };
  assert.is(await strict.read('d', away), 1);
  assert.is(await strict.read('d', async () => 2), 2);
  // The value is gone from the database: so is its copy.
  assert.is(await strict.read('d', async () => undefined), undefined);
  assert.is(await strict.read('d', away).catch(() => 'nothing'), 'nothing');
});

test('what another release wrote is no copy', async () => {
  const [cache] = connections;
  await cache?.set('e', '{"at":1,"value":"text"}', 60_000);
  assert.is(await here.read('e', async () => 3), 3);
  await cache?.set('e', 'nonsense', 60_000);
  assert.is(await here.read('e', async () => 4), 4);
});

test.run();
