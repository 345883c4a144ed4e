import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { Simulation } from './simulation.ts';

const test = suite('blue-green');

const blueGreen = (fields: object = {}, others: object = {}) => ({
  rollout: {
    strategy: 'blueGreen' as const,
    blueGreen: { previewReplicas: 1, autoPromoteDelay: '10s', ...fields },
    ...others,
  },
});

test('B1 the active Service stays on blue until green is at full size and available; then it switches once', () => {
  const world = Simulation.serving(blueGreen());
  world.release('b');
  world.until(() => world.memory.stable?.revision === 'b');
  assert.equal(world.weights, ['a=100', 'b=100']);
  assert.is(world.pods.get('b')?.ready, 4);
  assert.equal(world.broken, []);
});

test('B1 green at full size but for one pod is not switched to', () => {
  const world = Simulation.serving(blueGreen());
  world.release('b');
  world.until(() => world.pods.get('b')?.replicas === 4);
  const green = world.pods.get('b');
  assert.ok(green);
  green.starts = false;
  green.ready = 3;
  world.tick(5);
  world.tick();
  assert.equal(world.weights, ['a=100']);
  green.starts = true;
  world.until(() => world.memory.stable?.revision === 'b');
});

test('B2 green starts with previewReplicas and is brought to full size before the switch', () => {
  const world = Simulation.serving(blueGreen({ previewReplicas: '50%' }));
  world.release('b');
  world.until(() => world.last?.preview === 'b');
  assert.is(world.pods.get('b')?.replicas, 2);
  world.until(() => world.route?.weights.b === 100);
  assert.is(world.pods.get('b')?.replicas, 4);
});

test('B2 previewReplicas of 0 are as many as blue has', () => {
  const world = Simulation.serving(blueGreen({ previewReplicas: 0 }));
  world.release('b');
  world.until(() => world.last?.preview === 'b');
  assert.is(world.pods.get('b')?.replicas, 4);
});

test('B3 with autoPromote off it waits for ever; the deadline does not fire while it waits for a person', () => {
  const world = Simulation.serving(blueGreen({ autoPromote: false }, { progressDeadline: '20s' }));
  world.release('b');
  world.until(() => /waits until somebody promotes it/.test(world.last?.summary ?? ''));
  for (let s = 0; s < 4000; s++) world.tick();
  const green = world.pods.get('b');
  assert.ok(green);
  Object.assign(green, { ready: 0, starts: false });
  for (let s = 0; s < 100; s++) world.tick();
  assert.is(world.memory.rejected, undefined);
  assert.equal(world.weights, ['a=100']);
  green.starts = true;
  world.tick(5);
  world.command('promote', 'b');
  world.until(() => world.memory.stable?.revision === 'b');
});

test('B4 automatic promotion comes after its delay, not earlier, even if the operator restarts in between', () => {
  const world = Simulation.serving(blueGreen({ autoPromoteDelay: '30s' }));
  world.release('b');
  world.until(() => world.memory.candidate?.step === 1);
  const since = Date.parse(world.memory.candidate?.stepStartedAt ?? '');
  // All that a new process has is what is written.
  for (let s = 0; s < 15; s++) world.tick();
  world.memory = JSON.parse(JSON.stringify(world.memory));
  world.until(() => world.memory.candidate?.step === 2);
  const waited = world.now - since;
  assert.ok(waited >= 30_000 && waited <= 33_000, `${waited} ms`);
});

test('B7 blue is kept for scaleDownDelay; a return within it is instant and skips analysis', () => {
  const world = Simulation.serving(blueGreen({}, { scaleDownDelay: '60s', rollbackWindow: '0s' }));
  world.release('b');
  world.until(() => world.memory.stable?.revision === 'b');
  for (let s = 0; s < 30; s++) world.tick();
  assert.is(world.pods.get('a')?.replicas, 4);
  world.release('a');
  world.look();
  assert.equal(world.route?.weights, { a: 100 });
  world.until(() => world.memory.stable?.revision === 'a', 5);
  assert.match(world.notes.map(({ message }) => message).join(), /its pods are still there/);
  assert.equal(world.broken, []);
});

test('B7 after scaleDownDelay blue is gone, and a return is a release like any other', () => {
  const world = Simulation.serving(blueGreen({}, { scaleDownDelay: '20s', rollbackWindow: '0s' }));
  world.release('b');
  world.until(() => world.memory.stable?.revision === 'b' && world.last?.progressing === false);
  assert.is(world.pods.get('a')?.replicas, undefined);
  world.release('a');
  world.tick();
  assert.is(world.memory.candidate?.step, 0);
});

test('B8 an abort before the switch leaves blue untouched; after it, brings blue back', () => {
  const world = Simulation.serving(blueGreen({}, { scaleDownDelay: '60s' }));
  world.release('b');
  world.until(() => world.last?.preview === 'b');
  world.command('abort', 'b');
  world.tick();
  assert.equal(world.weights, ['a=100']);
  assert.is(world.memory.rejected?.reason, 'Aborted');
  world.until(() => world.commands.length === 0);
  world.release('c');
  world.until(() => world.memory.stable?.revision === 'c');
  world.command('abort', 'c');
  world.look();
  assert.equal(world.route?.weights, { a: 100 });
  world.until(() => world.last?.progressing === false);
  assert.is(world.memory.stable?.revision, 'a');
  assert.is(world.memory.rejected?.revision, 'c');
  assert.is(world.pods.get('a')?.replicas, 4);
  assert.equal(world.broken, []);
});

test('the preview Service leads to green as soon as a pod of it is ready, and to the stable release otherwise', () => {
  const world = Simulation.serving(blueGreen());
  assert.is(world.last?.preview, 'a');
  world.release('b', { starts: false });
  world.tick();
  assert.is(world.last?.preview, 'a');
  const green = world.pods.get('b');
  assert.ok(green);
  green.starts = true;
  world.until(() => world.last?.preview === 'b', 5);
});

test.run();
