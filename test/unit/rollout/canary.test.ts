import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { Simulation } from './simulation.ts';

const test = suite('canary');

const serving = () => Simulation.serving();
const reasons = (world: Simulation) => world.reasons;

test('A6 the first deploy is only a deploy: no canary, no analysis, no pause', () => {
  const world = serving();
  assert.equal(reasons(world), ['Deployed']);
  assert.equal(world.weights, ['a=100']);
  assert.equal(world.broken, []);
});

test('A7 at rest, another look wants the same and says nothing', () => {
  const world = serving();
  const before = world.notes.length;
  world.tick(3);
  assert.is(world.notes.length, before);
  assert.is(world.last?.summary, 'api:a serves');
  assert.is(world.last?.againInMs, undefined);
});

test('C1 a good release goes 10 %, is watched, then gets everything', () => {
  const world = serving();
  world.release('b');
  world.until(() => world.memory.stable?.revision === 'b' && world.last?.progressing === false);
  assert.equal(world.weights, ['a=100', 'a=90 b=10', 'b=100']);
  assert.equal(reasons(world), ['Deployed', 'ReleaseStarted', 'ReleaseStep', 'ReleaseStep', 'Promoted']);
  assert.is(world.pods.get('b')?.replicas, 4);
  assert.is(world.pods.get('a')?.replicas, undefined);
  assert.equal(world.broken, []);
});

test('the watched pause lasts as long as it says, from the moment the weight is confirmed', () => {
  const world = serving();
  world.release('b');
  world.until(() => world.memory.candidate?.step === 1);
  const began = world.now;
  world.until(() => world.memory.candidate?.step === 2);
  assert.ok(world.now - began >= 30_000, `only ${world.now - began} ms`);
  assert.ok(world.now - began <= 32_000, `${world.now - began} ms`);
});

test('a bad release goes back to 0 % and its reason is kept', () => {
  const world = serving();
  world.release('b', { errorRatio: 0.3 });
  world.until(() => world.memory.rejected?.revision === 'b');
  assert.equal(world.weights, ['a=100', 'a=90 b=10', 'a=100']);
  assert.is(world.memory.rejected?.reason, 'AnalysisFailed');
  assert.match(world.memory.rejected?.message ?? '', /requests answered 5xx \(30 %, limit 5 %\)/);
  world.until(() => world.last?.progressing === false);
  assert.is(world.pods.get('b')?.replicas, undefined);
  assert.is(world.pods.get('a')?.replicas, 4);
  assert.equal(world.broken, []);
});

test('a rolled-back release is not tried again until its inputs change', () => {
  const world = serving();
  world.release('b', { errorRatio: 0.3 });
  world.until(() => world.memory.rejected?.revision === 'b' && world.last?.progressing === false);
  world.tick(600);
  world.tick();
  assert.is(world.memory.candidate, undefined);
  world.release('c');
  world.until(() => world.memory.stable?.revision === 'c');
  assert.is(world.memory.rejected, undefined);
});

test('C2 a release whose pods never become ready gets no request and is rolled back at the deadline', () => {
  const world = serving();
  world.release('b', { starts: false });
  world.until(() => world.memory.rejected?.revision === 'b');
  assert.equal(world.weights, ['a=100']);
  assert.is(world.memory.rejected?.reason, 'ProgressDeadlineExceeded');
});

test('a deadline does not fire because a pause was long', () => {
  const world = new Simulation({
    rollout: {
      progressDeadline: '10s',
      canary: { steps: [{ weight: 10 }, { pause: '5m' }, { weight: 100 }] },
    },
  });
  world.release('a');
  world.until(() => world.last?.progressing === false);
  world.release('b');
  world.until(() => world.memory.candidate?.step === 1);
  world.tick(60);
  const b = world.pods.get('b');
  if (b) b.ready = 0;
  world.look();
  assert.is(world.memory.rejected, undefined);
  world.until(() => world.memory.stable?.revision === 'b');
});

test('a pause before the first weight is only time, for there is nothing to judge', () => {
  const world = new Simulation({
    rollout: { canary: { steps: [{ pause: '20s' }, { weight: 10 }, { pause: '10s' }, { weight: 100 }] } },
  });
  world.release('a');
  world.until(() => world.last?.progressing === false);
  world.release('b');
  world.until(() => world.memory.stable?.revision === 'b', 120);
  assert.equal(world.weights, ['a=100', 'a=90 b=10', 'b=100']);
});

test('C6 a third release during a canary: the second goes to 0 %, the first serves throughout', () => {
  const world = serving();
  world.release('b');
  world.until(() => world.memory.candidate?.step === 1);
  world.release('c');
  world.tick();
  assert.is(world.memory.candidate?.revision, 'c');
  assert.is(world.memory.candidate?.step, 0);
  assert.equal(world.weights.at(-1), 'a=100');
  world.until(() => world.memory.stable?.revision === 'c' && world.last?.progressing === false);
  assert.is(world.pods.get('b')?.replicas, undefined);
  assert.equal(world.broken, []);
});

test('asking for the stable release again withdraws the candidate', () => {
  const world = serving();
  world.release('b');
  world.until(() => world.memory.candidate?.step === 1);
  world.release('a');
  world.until(() => world.last?.progressing === false);
  assert.equal(world.weights.at(-1), 'a=100');
  assert.is(world.memory.stable?.revision, 'a');
  assert.ok(reasons(world).includes('ReleaseWithdrawn'));
});

test('C9 requests by header and copies go to the canary while it has a ready pod, and are gone after the end', () => {
  const headers = [{ name: 'X-Beta', value: 'yes' }];
  const steps = [
    { headers },
    { mirror: 20 },
    { replicas: 2 },
    { pause: '10s' },
    { weight: 10 },
    { weight: 100 },
  ];
  const world = Simulation.serving({ rollout: { canary: { steps } } });
  world.release('b');
  world.look();
  assert.is(world.route?.extra, undefined);
  world.until(() => world.memory.candidate?.step === 3);
  assert.equal(world.route?.extra, {
    headers: { revision: 'b', match: headers },
    mirror: { revision: 'b', percent: 20 },
  });
  assert.equal(world.route?.weights, { a: 100 });
  assert.is(world.pods.get('b')?.replicas, 2);
  world.until(() => world.memory.stable?.revision === 'b' && world.last?.progressing === false);
  assert.is(world.route?.extra, undefined);
  assert.equal(world.broken, []);
});

test('C9 requests by header are gone after an abort, before the pods are', () => {
  const steps = [
    { headers: [{ name: 'X-Beta', value: 'yes' }] },
    { pause: 'untilPromoted' },
    { weight: 100 },
  ];
  const world = Simulation.serving({ rollout: { canary: { steps } } });
  world.release('b');
  world.until(() => world.memory.candidate?.step === 1);
  world.command('abort', 'b');
  world.look();
  assert.is(world.route?.extra, undefined);
  assert.ok(world.pods.get('b')?.replicas);
  world.until(() => world.last?.progressing === false);
  assert.is(world.pods.get('b')?.replicas, undefined);
  assert.equal(world.broken, []);
});

test('C10 steps edited in the middle of a rollout: it goes on from the weight that it has', () => {
  const world = Simulation.serving({
    rollout: { canary: { steps: [{ weight: 25 }, { pause: 'untilPromoted' }, { weight: 100 }] } },
  });
  world.release('b');
  world.until(() => world.memory.candidate?.step === 1);
  world.spec = {
    ...world.spec,
    rollout: {
      canary: {
        steps: [{ weight: 5 }, { pause: '10s' }, { weight: 50 }, { pause: 'untilPromoted' }, { weight: 100 }],
      },
    },
  };
  world.until(() => world.memory.candidate?.step === 3);
  // Neither back to 5 % nor to the start: from 25 % to the next higher weight, after the pause before it.
  assert.equal(world.weights, ['a=100', 'a=75 b=25', 'a=50 b=50']);
  assert.ok(world.reasons.includes('StepsEdited'));
  assert.equal(world.broken, []);
});

test('C10 another strategy in the middle of a canary goes on from its weight as well', () => {
  const world = Simulation.serving({
    rollout: { canary: { steps: [{ weight: 25 }, { pause: 'untilPromoted' }, { weight: 100 }] } },
  });
  world.release('b');
  world.until(() => world.memory.candidate?.step === 1);
  world.spec = { ...world.spec, rollout: { strategy: 'rolling' } };
  world.until(() => world.memory.stable?.revision === 'b');
  assert.equal(world.broken, []);
});

test('C7 scaling during the pause keeps the proportion', () => {
  const world = serving();
  world.release('b');
  world.until(() => world.memory.candidate?.step === 1);
  world.replicas = 20;
  world.tick();
  assert.is(world.pods.get('a')?.replicas, 20);
  assert.is(world.pods.get('b')?.replicas, 2);
  world.until(() => world.memory.stable?.revision === 'b');
  assert.is(world.pods.get('b')?.replicas, 20);
  assert.equal(world.broken, []);
});

test('N2 with too few requests a release waits when the policy says pause', () => {
  const world = new Simulation({
    rollout: { canary: { analysis: { onInsufficientData: 'pause', minRequests: 1000 } } },
  });
  world.release('a');
  world.until(() => world.last?.progressing === false);
  world.release('b');
  world.until(() => world.memory.candidate?.step === 1);
  for (let i = 0; i < 60; i++) world.tick(1, 10);
  assert.is(world.memory.candidate?.step, 1);
  assert.match(world.last?.summary ?? '', /waits for a verdict/);
  for (let i = 0; i < 110; i++) world.tick(1, 100);
  world.until(() => world.memory.stable?.revision === 'b');
});

test('M2 a failed migration leaves the old release serving and gives its reason', () => {
  const world = serving();
  world.release('b', { migration: 'failed' });
  world.tick();
  assert.is(world.memory.rejected?.reason, 'MigrationFailed');
  assert.equal(world.weights, ['a=100']);
  assert.is(world.pods.get('b')?.replicas, undefined);
});

test('while a migration runs nothing is remembered anew: each look would be the reason for the next one', () => {
  const world = serving();
  world.release('b', { migration: 'running' });
  world.look();
  const before = JSON.stringify(world.memory);
  for (let i = 0; i < 3; i++) {
    world.now += 10;
    world.look();
    assert.is(JSON.stringify(world.memory), before);
  }
});

test('a migration that cannot start is given up at the deadline and does not start later', () => {
  const world = serving();
  world.release('b', { problem: 'ErrImagePull' });
  world.until(() => world.memory.rejected?.revision === 'b');
  assert.is(world.memory.rejected?.reason, 'ProgressDeadlineExceeded');
  assert.match(world.memory.rejected?.message ?? '', /did not start in 3m: ErrImagePull/);
  world.until(() => world.pods.get('b')?.migration === 'absent' && world.last?.progressing === false);
  world.release('a');
  world.tick(3);
  assert.is(world.pods.get('b')?.migration, 'absent');
  assert.equal(world.weights, ['a=100']);
});

test('A2 a dead stable release yields its requests to a ready candidate, without a failed verdict', () => {
  const world = serving();
  world.release('b');
  world.until(() => world.memory.candidate?.step === 1);
  const a = world.pods.get('a');
  if (a) Object.assign(a, { ready: 0, starts: false });
  world.look();
  assert.is(world.weights.at(-1), 'b=100');
  assert.is(world.memory.rejected, undefined);
  assert.ok(reasons(world).includes('StableDead'));
});

test('a first release that never starts can be mended by the next one', () => {
  const world = new Simulation();
  world.release('a', { starts: false });
  world.tick(5);
  world.release('b');
  world.until(() => world.memory.stable?.revision === 'b' && world.last?.progressing === false);
  assert.is(world.pods.get('a')?.replicas, undefined);
});

test('a lost status is rebuilt without a request to a revision that has no ready pod', () => {
  const world = serving();
  world.release('b');
  world.until(() => world.memory.stable?.revision === 'b' && world.last?.progressing === false);
  world.memory = {};
  world.until(() => world.memory.stable?.revision === 'b' && world.last?.progressing === false);
  assert.equal(world.broken, []);
});

test('a status lost during a canary does not make the unjudged candidate stable', () => {
  const world = serving();
  world.release('b', { errorRatio: 0.3 });
  world.until(() => world.memory.candidate?.step === 1);
  world.memory = {};
  world.look();
  assert.is(world.memory.stable?.revision, 'a');
  world.until(() => world.memory.rejected?.revision === 'b');
  assert.equal(world.broken, []);
});

for (let writes = 1; writes <= 12; writes++) {
  test(`A4 killed after write ${writes} of a canary, the operator ends in the same state`, () => {
    for (const errorRatio of [0, 0.3]) {
      const world = serving();
      world.release('b', { errorRatio });
      world.dieAfterWrites = writes;
      let died = false;
      for (let i = 0; i < 400 && world.last && (i < 2 || world.last.progressing); i++) {
        world.tick();
        if (world.dieAfterWrites <= 0) {
          died = true;
          world.dieAfterWrites = Number.POSITIVE_INFINITY;
        }
      }
      assert.ok(died || writes > 4, `the world made fewer than ${writes} writes`);
      assert.is(world.memory.stable?.revision, errorRatio === 0 ? 'b' : 'a');
      assert.is(world.memory.rejected?.revision, errorRatio === 0 ? undefined : 'b');
      assert.is(world.memory.candidate, undefined);
      assert.equal(world.broken, []);
    }
  });
}

test.run();
