import * as assert from 'uvu/assert';
import type { Live } from '../../../operator/environment/snapshot.ts';
import { suite } from '../../harness/suite.ts';
import { QUICK, World } from './world.ts';

const test = suite('a paused environment');

const serving = new World().create();
await serving.rest();

function pause(world: World, paused: boolean): void {
  world.edit((spec) => {
    spec.paused = paused;
  });
}

test('is not changed, whatever is asked for and whoever changes what it is made of', async () => {
  const world = new World(serving);
  pause(world, true);
  await world.rest();
  const { length } = world.server.writes;
  world.release('api:2');
  world.server.edit('Service', 'shop-pooler', ({ spec }) => {
    (spec as { ports: unknown[] }).ports = [];
  });
  await world.rest();
  const written = world.server.writes.slice(length);
  assert.equal([...new Set(written)], ['PATCH CryptoSenseEnvironment status/shop']);
  assert.is(world.condition('Paused')?.status, 'True');
  assert.is(world.condition('Ready')?.status, 'True');
  assert.equal(
    [world.condition('Reconciling')?.status, world.condition('Reconciling')?.reason],
    ['False', 'Paused'],
  );
  pause(world, false);
  await world.until(() => world.status.stable?.image === 'api:2');
  await world.rest();
  assert.is(world.condition('Paused')?.status, 'False');
  assert.is(world.status.pausedSince, undefined);
  const { ports } = (world.server.get<Live>('Service', 'shop-pooler') as Live).spec as { ports: unknown[] };
  assert.ok(ports.length > 0);
});

test('lets no deadline of a release run out', async () => {
  const world = new World(serving).release('api:2', { starts: false });
  await world.until(() => world.status.candidate?.waitingSince !== undefined);
  pause(world, true);
  await world.until(() => world.status.pausedSince !== undefined);
  world.now += 3_600_000;
  pause(world, false);
  await world.until(() => world.status.pausedSince === undefined);
  assert.is(world.status.rejected, undefined, 'rolled back for the time in which nobody acted');
  world.cluster.releases.set('api:2', {});
  await world.until(() => world.status.stable?.image === 'api:2');
});

test('ends no step of a canary in the time in which nobody watched', async () => {
  const world = new World(serving).release('api:2');
  await world.until(
    () => world.status.candidate?.stepStartedAt !== undefined && world.status.candidate.step === 1,
  );
  pause(world, true);
  await world.until(() => world.status.pausedSince !== undefined);
  world.now += 3_600_000;
  pause(world, false);
  await world.until(() => world.status.pausedSince === undefined);
  assert.is(world.status.candidate?.weight, 10);
  await world.until(() => world.status.stable?.image === 'api:2');
});

test('keeps no state of its own: with paused from the start nothing is made, and without it everything', async () => {
  const world = new World().create({ ...QUICK, paused: true });
  await world.rest();
  assert.equal([...new Set(world.server.writes)], ['PATCH CryptoSenseEnvironment status/shop']);
  pause(world, false);
  await world.rest();
  assert.is(world.condition('Ready')?.status, 'True');
});

test.run();
