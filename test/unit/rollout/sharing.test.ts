import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { podsBeside, proportions } from '../../../operator/rollout/sharing.ts';
import { suite } from '../../harness/suite.ts';
import { Simulation } from './simulation.ts';

const test = suite('sharing by pods');

const canary = (steps: object[]) => ({
  routing: { mode: 'service' as const },
  rollout: {
    canary: { steps: [...steps, { weight: 100 }], analysis: { interval: '1s' } },
    scaleDownDelay: '10s',
  },
});

for (const [replicas, weight] of [
  [1, 50],
  [2, 33],
  [3, 25],
  [4, 20],
] as const) {
  test(`A10 with ${replicas} replicas the first pod of a canary of 10 % is ${weight} %, and is said to be`, () => {
    const world = Simulation.serving(canary([{ weight: 10 }, { pause: 'untilPromoted' }]), replicas);
    world.release('b');
    world.until(() => world.memory.candidate?.arrived === true && (world.memory.candidate?.step ?? 0) > 0);
    assert.equal(world.route?.weights, { a: 100 - weight, b: weight });
    assert.is(world.memory.candidate?.weight, weight);
    assert.match(world.last?.summary ?? '', new RegExp(`1 of ${replicas + 1} pods, ${weight} % for`));
    assert.equal(world.last?.weights, { a: 100 - weight, b: weight });
    assert.equal(world.broken, []);
  });
}

test('C6 a third release gets no pod while the selector still shares, also when the operator dies again and again', () => {
  const world = Simulation.serving(canary([{ weight: 10 }, { pause: 'untilPromoted' }]));
  world.release('b');
  world.until(() => world.memory.candidate?.arrived === true && (world.memory.candidate?.step ?? 0) > 0);
  world.release('c');
  for (let died = 0; died < 2; died++) {
    world.dieAfterWrites = 1;
    for (let s = 0; s < 5; s++) world.tick();
    world.dieAfterWrites = Number.POSITIVE_INFINITY;
  }
  world.until(() => world.memory.candidate?.revision === 'c' && world.memory.candidate.arrived === true);
  assert.equal(world.broken, []);
});

test('a candidate with more pods than its share needs loses them before it gets requests', () => {
  const world = Simulation.serving(
    canary([{ replicas: 4 }, { pause: '5s' }, { weight: 10 }, { pause: '20s' }]),
  );
  world.release('b');
  world.until(() => world.pods.get('b')?.ready === 4);
  world.until(() => world.route?.shared === true);
  assert.equal(world.route?.weights, { a: 80, b: 20 });
  assert.equal(world.broken, []);
});

test('steps that ask for less than before wait until the stable release can do the rest', () => {
  const spec = canary([{ weight: 75 }, { pause: '5s' }, { weight: 25 }, { pause: '30s' }]);
  Object.assign(spec.rollout.canary, { dynamicStableScale: true });
  const world = Simulation.serving(spec, 8);
  world.release('b');
  world.until(() => world.memory.candidate?.step === 1 && world.memory.candidate.arrived === true);
  assert.equal([world.pods.get('a')?.replicas, world.pods.get('b')?.replicas], [2, 6]);
  assert.is(world.memory.candidate?.weight, 75);
  world.until(() => world.memory.candidate?.step === 3 && world.memory.candidate.arrived === true);
  world.until(() => world.memory.candidate?.weight === 25);
  assert.equal([world.pods.get('a')?.replicas, world.pods.get('b')?.replicas], [6, 2]);
  assert.equal(world.broken, []);
});

test('a candidate keeps the pods that make up for missing ones of the stable release', () => {
  const wait = { pause: 'untilPromoted' };
  const world = Simulation.serving(canary([{ weight: 50 }, wait, { weight: 10 }, wait]));
  world.release('b');
  world.until(() => world.memory.candidate?.step === 1 && world.memory.candidate.arrived === true);
  Object.assign(world.pods.get('a') ?? {}, { ready: 2, starts: false });
  world.command('promote', 'b');
  for (let s = 0; s < 5; s++) world.tick();
  assert.is(world.pods.get('b')?.replicas, 2);
  Object.assign(world.pods.get('a') ?? {}, { starts: true });
  world.until(() => world.pods.get('b')?.replicas === 1);
  assert.equal(world.broken, []);
});

test('what is rolled back while clients hold connections to it loses its pods at once', () => {
  const world = Simulation.serving(canary([{ weight: 50 }, { pause: 'untilPromoted' }]));
  world.spec = { ...world.spec, rollout: { ...world.spec.rollout, scaleDownDelay: '1h' } };
  world.release('b');
  world.until(() => world.route?.shared === true && world.route.confirmed);
  world.command('abort', 'b');
  world.tick();
  assert.equal(world.route?.weights, { a: 100 });
  world.until(() => world.pods.get('b')?.replicas === undefined, 5);
  assert.equal(world.broken, []);
});

test('whole percentages sum to 100, and who has a ready pod has some', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(400), { minLength: 1, maxLength: 5 }), (pods) => {
      const weights = proportions(pods.map((ready, number) => ({ revision: `r${number}`, number, ready })));
      const some = pods.filter((ready) => ready > 0);
      assert.is(Object.keys(weights).length, some.length);
      const sum = Object.values(weights).reduce((a, b) => a + b, 0);
      assert.is(sum, some.length === 0 ? 0 : 100);
      assert.ok(Object.values(weights).every((weight) => weight >= 1));
    }),
  );
});

test('a weight comes to the pods nearest to it, at least one and never more than the environment has', () => {
  const beside = [1, 10, 33, 50, 90].map((weight) => podsBeside(weight, 10, false));
  assert.equal(beside, [1, 1, 5, 10, 10]);
  assert.equal(
    [0, 100].map((weight) => podsBeside(weight, 4, false)),
    [1, 4],
  );
  assert.is(podsBeside(25, 8, true), 2);
});

test.run();
