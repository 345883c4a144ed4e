import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { Simulation } from './simulation.ts';

const test = suite('rolling');

const rolling = (fields: object = {}, others: object = {}) => ({
  rollout: { strategy: 'rolling' as const, rolling: fields, progressDeadline: '20s', ...others },
});

interface Extremes {
  most: number;
  fewest: number;
}

/** Goes on until the condition holds and tells how many pods there were at most, and how many were ready at least. */
function extremes(world: Simulation, condition: () => boolean): Extremes {
  const seen: Extremes = { most: 0, fewest: Number.POSITIVE_INFINITY };
  world.until(() => {
    const all = [...world.pods.values()];
    const sum = (of: (pod: (typeof all)[number]) => number) => all.reduce((total, pod) => total + of(pod), 0);
    seen.most = Math.max(
      seen.most,
      sum(({ replicas = 0 }) => replicas),
    );
    seen.fewest = Math.min(
      seen.fewest,
      sum(({ ready }) => ready),
    );
    return condition();
  });
  return seen;
}

for (const [maxSurge, maxUnavailable, most, fewest] of [
  [1, 0, 5, 4],
  ['25%', 0, 5, 4],
  ['50%', '25%', 6, 3],
  [0, 1, 4, 3],
  ['100%', 0, 8, 4],
] as const) {
  test(`R1 pods are replaced under maxSurge ${maxSurge} and maxUnavailable ${maxUnavailable}`, () => {
    const world = Simulation.serving(rolling({ maxSurge, maxUnavailable }));
    world.release('b');
    const seen = extremes(world, () => world.memory.stable?.revision === 'b');
    assert.ok(seen.most <= most, `${seen.most} pods`);
    assert.ok(seen.fewest >= fewest, `${seen.fewest} ready`);
    assert.equal(world.route?.weights, { b: 100 });
    world.until(() => world.last?.progressing === false);
    assert.is(world.pods.get('a')?.replicas, undefined);
    assert.equal(world.broken, []);
  });
}

for (const replicas of [1, 2, 3, 7]) {
  test(`A10 with ${replicas} replicas the shares are those of the ready pods`, () => {
    const world = Simulation.serving(rolling({ maxSurge: 1, maxUnavailable: 0 }), replicas);
    world.release('b');
    world.until(() => {
      const { a, b } = { a: world.pods.get('a'), b: world.pods.get('b') };
      const weight = world.route?.weights.b ?? 0;
      // Never more for the new pods than their part of the work, to the whole percent.
      assert.ok(weight <= Math.ceil((100 * (b?.ready ?? 0)) / replicas), `${weight} % for ${b?.ready}`);
      assert.ok((a?.replicas ?? 0) + (b?.replicas ?? 0) <= replicas + 1);
      return world.memory.stable?.revision === 'b';
    });
    assert.equal(world.broken, []);
  });
}

test('R1 unhealthy old pods go first', () => {
  const world = Simulation.serving(rolling({ maxSurge: 1, maxUnavailable: 0 }));
  const old = world.pods.get('a');
  assert.ok(old);
  Object.assign(old, { ready: 2, starts: false });
  world.release('b');
  world.until(() => old.replicas !== 4);
  // The Deployment takes the unready ones: those that serve all go on.
  assert.is(old.ready, 2);
  world.until(() => world.memory.stable?.revision === 'b');
  assert.equal(world.broken, []);
});

test('R2 a bad revision stops at its first unavailable pods, and goes back when told to roll back automatically', () => {
  const world = Simulation.serving(rolling({ maxSurge: 1, maxUnavailable: 1 }));
  world.release('b', { starts: false });
  world.until(() => world.memory.rejected?.revision === 'b');
  assert.is(world.memory.rejected?.reason, 'ProgressDeadlineExceeded');
  assert.ok((world.pods.get('b')?.replicas ?? 0) <= 2);
  world.until(() => world.last?.progressing === false);
  assert.is(world.pods.get('a')?.ready, 4);
  assert.equal(world.route?.weights, { a: 100 });
  assert.equal(world.broken, []);
});

test('R2 without automatic rollback it reports Stalled at the deadline, and stays where it is', () => {
  const world = Simulation.serving(rolling({ maxSurge: 1, maxUnavailable: 0, autoRollback: false }));
  world.release('b', { starts: false });
  world.until(() => world.last?.blocked !== undefined);
  assert.is(world.last?.blocked?.reason, 'ProgressDeadlineExceeded');
  assert.match(world.last?.blocked?.message ?? '', /abort it, or release a better one/);
  for (let s = 0; s < 60; s++) world.tick();
  assert.is(world.memory.rejected, undefined);
  assert.is(world.pods.get('a')?.ready, 4);
  world.command('abort', 'b');
  world.until(() => world.last?.progressing === false && world.last.blocked === undefined);
  assert.equal(world.route?.weights, { a: 100 });
});

test('R2 a revision that goes bad halfway gives its requests back as fast as the old pods come', () => {
  const world = Simulation.serving(rolling({ maxSurge: 1, maxUnavailable: 0 }));
  world.release('b');
  world.until(() => world.pods.get('b')?.ready === 2 && (world.pods.get('a')?.replicas ?? 4) < 3);
  world.command('abort', 'b');
  const seen = extremes(world, () => world.last?.progressing === false && world.memory.retired === undefined);
  assert.ok(seen.fewest >= 4, `${seen.fewest} ready`);
  assert.equal(world.route?.weights, { a: 100 });
  assert.is(world.pods.get('a')?.ready, 4);
  assert.equal(world.broken, []);
});

test('C6 a third revision during a rolling update waits until the first has its pods again', () => {
  const world = Simulation.serving(rolling({ maxSurge: 1, maxUnavailable: 0 }));
  world.release('b');
  world.until(() => (world.pods.get('a')?.replicas ?? 4) < 3);
  world.release('c');
  const seen = extremes(world, () => world.memory.stable?.revision === 'c');
  assert.ok(seen.fewest >= 4, `${seen.fewest} ready`);
  assert.equal(world.broken, []);
});

test('C7 an autoscaler that wants more pods in the middle gets them', () => {
  const world = Simulation.serving(rolling({ maxSurge: 1, maxUnavailable: 0 }));
  world.release('b');
  world.until(() => world.pods.get('b')?.ready === 2);
  world.replicas = 8;
  world.until(() => world.memory.stable?.revision === 'b');
  assert.is(world.pods.get('b')?.ready, 8);
  assert.equal(world.broken, []);
});

test.run();
