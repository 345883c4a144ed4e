import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { Simulation } from './simulation.ts';

const test = suite('commands');

const canary = (...steps: object[]) => ({ rollout: { canary: { steps: [...steps, { weight: 100 }] } } });
const MANUAL = canary({ weight: 10 }, { pause: 'untilPromoted' }, { weight: 50 }, { pause: 'untilPromoted' });

/** A canary that waits for a person at its first pause. */
function waiting(): Simulation {
  const world = Simulation.serving(MANUAL);
  world.release('b');
  world.until(() => world.memory.candidate?.step === 1);
  return world;
}

const last = (world: Simulation) => world.memory.lastCommand;

test('C3 promote goes one step on, and once for one command', () => {
  const world = waiting();
  world.command('promote', 'b');
  world.until(() => world.memory.candidate?.step === 3);
  assert.equal(world.route?.weights, { a: 50, b: 50 });
  for (let s = 0; s < 50; s++) world.tick();
  assert.is(world.memory.candidate?.step, 3);
  assert.equal(world.commands, []);
  assert.is(world.memory.commands, undefined);
  world.command('promote', 'b');
  world.until(() => world.memory.stable?.revision === 'b');
  assert.is(last(world)?.accepted, true);
});

test('C3 promote-full goes to the end, during a pause', () => {
  const world = waiting();
  world.command('promote-full', 'b');
  world.until(() => world.memory.stable?.revision === 'b', 30);
  assert.equal(world.weights, ['a=100', 'a=90 b=10', 'b=100']);
  assert.equal(world.broken, []);
});

test('C4 abort sends 0 % to the canary at once, without waiting for pods', () => {
  const world = waiting();
  const stable = world.pods.get('a');
  assert.ok(stable);
  Object.assign(stable, { ready: 2, starts: false });
  world.command('abort', 'b');
  world.look();
  assert.equal(world.route?.weights, { a: 100 });
  assert.is(world.memory.rejected?.reason, 'Aborted');
});

test('C4 with dynamicStableScale an abort is as fast as the pods of the stable release allow', () => {
  const steps = [{ weight: 50 }, { pause: 'untilPromoted' }, { weight: 100 }];
  const world = Simulation.serving({ rollout: { canary: { steps, dynamicStableScale: true } } });
  world.release('b');
  world.until(() => world.memory.candidate?.step === 1 && world.pods.get('a')?.replicas === 2);
  world.command('abort', 'b');
  world.look();
  assert.equal(world.route?.weights, { a: 50, b: 50 });
  world.until(() => world.route?.weights.a === 100);
  assert.is(world.pods.get('a')?.ready, 4);
  world.until(() => world.last?.progressing === false);
  assert.equal(world.broken, []);
});

test('dynamicStableScale gives pods up as the weight moves, and ends with the same', () => {
  const steps = [{ weight: 25 }, { pause: '5s' }, { weight: 75 }, { pause: '5s' }, { weight: 100 }];
  const world = Simulation.serving({ rollout: { canary: { steps, dynamicStableScale: true } } });
  world.release('b');
  world.until(() => world.memory.candidate?.step === 1 && world.pods.get('a')?.replicas === 3);
  world.until(() => world.memory.candidate?.step === 3 && world.pods.get('a')?.replicas === 1);
  world.until(() => world.last?.progressing === false && world.memory.stable?.revision === 'b');
  assert.is(world.pods.get('b')?.replicas, 4);
  assert.equal(world.broken, []);
});

test('with dynamicStableScale a share that falls is taken back as the pods of the stable release come', () => {
  const steps = [
    { weight: 50 },
    { pause: '5s' },
    { weight: 20 },
    { pause: 'untilPromoted' },
    { weight: 100 },
  ];
  const world = Simulation.serving({ rollout: { canary: { steps, dynamicStableScale: true } } });
  world.release('b');
  world.until(() => world.memory.candidate?.step === 1 && world.pods.get('a')?.replicas === 2);
  world.until(() => world.memory.candidate?.step === 3);
  assert.equal(world.route?.weights, { a: 80, b: 20 });
  assert.is(world.pods.get('a')?.ready, 4);
  assert.equal(world.broken, []);
});

test('C5 retry starts the failed revision from step 0', () => {
  const world = waiting();
  world.command('promote', 'b');
  world.until(() => world.memory.candidate?.step === 3);
  world.command('abort', 'b');
  world.until(() => world.last?.progressing === false);
  world.command('retry', 'b');
  world.tick();
  assert.is(world.memory.candidate?.revision, 'b');
  assert.is(world.memory.candidate?.step, 0);
  assert.is(world.memory.rejected, undefined);
});

test('C5 undo goes to a named earlier release, and holds until the spec asks for something else', () => {
  const world = Simulation.serving({ rollout: { rollbackWindow: '1s', scaleDownDelay: '0s' } });
  for (const name of ['b', 'c']) {
    world.release(name);
    world.until(() => world.memory.stable?.revision === name && world.last?.progressing === false);
  }
  for (let s = 0; s < 10; s++) world.tick();
  world.command('undo', 'a');
  world.until(() => world.memory.stable?.revision === 'a' && world.last?.progressing === false);
  assert.is(world.memory.undone?.spec, 'c');
  for (let s = 0; s < 50; s++) world.tick();
  assert.is(world.memory.stable?.revision, 'a');
  world.release('d');
  world.until(() => world.memory.stable?.revision === 'd');
  assert.is(world.memory.undone, undefined);
  assert.equal(world.broken, []);
});

test('C5 what was undone comes back with a retry', () => {
  const world = Simulation.serving();
  world.release('b');
  world.until(() => world.memory.stable?.revision === 'b');
  world.command('undo', 'a');
  world.until(() => world.memory.stable?.revision === 'a');
  world.command('retry', 'b');
  world.until(() => world.memory.stable?.revision === 'b');
  assert.is(world.memory.undone, undefined);
});

test('a return within the rollback window goes straight to its end', () => {
  const world = Simulation.serving({ rollout: { rollbackWindow: '1h', scaleDownDelay: '0s' } });
  world.release('b');
  world.until(() => world.memory.stable?.revision === 'b' && world.last?.progressing === false);
  assert.is(world.pods.get('a')?.replicas, undefined);
  const before = world.weights.length;
  world.release('a');
  world.until(() => world.memory.stable?.revision === 'a', 15);
  assert.equal(world.weights.slice(before), ['a=100']);
  assert.match(world.notes.map(({ message }) => message).join(), /it served less than 1h ago/);
  assert.equal(world.broken, []);
});

test('a release that was sent back after the switch is not returned to at once', () => {
  const world = Simulation.serving({ rollout: { scaleDownDelay: '60s' } });
  world.release('b');
  world.until(() => world.memory.stable?.revision === 'b');
  world.command('abort', 'b');
  world.until(() => world.memory.stable?.revision === 'a' && world.last?.progressing === false);
  world.command('retry', 'b');
  world.tick();
  assert.is(world.memory.candidate?.step, 0);
  assert.is(world.memory.candidate?.full, undefined);
});

test('pause holds a release where it is, no deadline runs, and resume goes on as if no time had passed', () => {
  const world = Simulation.serving(canary({ weight: 10 }, { pause: '30s' }));
  world.release('b');
  world.until(() => world.memory.candidate?.step === 1);
  for (let s = 0; s < 10; s++) world.tick();
  world.command('pause', 'b');
  for (let s = 0; s < 4000; s++) world.tick();
  assert.is(world.memory.candidate?.step, 1);
  assert.match(world.last?.summary ?? '', /held since .* until somebody resumes it/);
  world.command('resume', 'b');
  const since = world.now;
  world.until(() => world.memory.candidate?.step === 2);
  const waited = world.now - since;
  assert.ok(waited >= 17_000 && waited <= 23_000, `${waited} ms`);
});

test('restart is remembered for the release that serves', () => {
  const world = Simulation.serving();
  world.command('restart', 'a');
  world.tick();
  assert.is(world.memory.restarts?.[0]?.revision, 'a');
  assert.equal(world.reasons, ['Deployed', 'RestartedByCommand']);
});

for (const [verb, target, why] of [
  ['promote', 'a', /no release is being tried/],
  ['abort', 'a', /the pods of the release before it are gone: undo names/],
  ['retry', 'a', /this release was not rolled back/],
  ['undo', 'a', /it serves already/],
  ['resume', 'a', /no release is being tried/],
  ['restart', 'z', /only the release that serves/],
  ['undo', 'z', /there is no such release in the history; known are 1-a \(api:a\)/],
] as const) {
  test(`${verb} of ${target === 'a' ? 'the stable release' : 'an unknown one'} is refused with a sentence, once`, () => {
    const world = Simulation.serving();
    world.command(verb, target);
    for (let s = 0; s < 5; s++) world.tick();
    assert.is(last(world)?.accepted, false);
    assert.match(last(world)?.message ?? '', why);
    assert.equal(world.reasons, ['Deployed', 'CommandRefused']);
    assert.equal(world.commands, []);
    assert.equal(world.weights, ['a=100']);
  });
}

test('a command that names another release than the one that is tried is refused, and says which is', () => {
  const world = waiting();
  world.commands = [{ verb: 'promote', target: '1-a' }];
  world.tick();
  assert.is(world.memory.candidate?.step, 1);
  assert.match(last(world)?.message ?? '', /the release that is being tried is 2-b \(api:b\)/);
});

test('A9 who asked is in the Event and in the status', () => {
  const world = waiting();
  world.commands = [{ verb: 'abort', target: '2-b', by: 'alice@example.com' }];
  world.tick();
  assert.match(world.notes.map(({ message }) => message).join(), /asked by alice@example.com/);
  assert.is(last(world)?.by, 'alice@example.com');
});

test('A4 a promotion is one step also when the operator dies between its writes', () => {
  for (let writes = 1; writes <= 8; writes++) {
    const world = waiting();
    world.command('promote', 'b');
    world.dieAfterWrites = writes;
    for (let s = 0; s < 3; s++) world.tick();
    world.dieAfterWrites = Number.POSITIVE_INFINITY;
    for (let s = 0; s < 30; s++) world.tick();
    assert.is(world.memory.candidate?.step, 3, `killed after ${writes} writes`);
    assert.equal(world.commands, []);
  }
});

test('L3 commands are for one release: after it they are refused, and the next one is not touched', () => {
  const world = waiting();
  world.release('c');
  world.command('promote', 'b');
  world.until(() => world.memory.candidate?.revision === 'c' && world.memory.candidate.step === 1);
  for (let s = 0; s < 20; s++) world.tick();
  assert.is(world.memory.candidate?.step, 1);
});

test.run();
