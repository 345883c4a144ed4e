import * as assert from 'uvu/assert';
import type { EnvironmentStatus } from '../../../operator/api/status.ts';
import { StatusPace } from '../../../operator/environment/status-pace.ts';
import { suite } from '../../harness/suite.ts';
import { World } from './world.ts';

const test = suite('pace of the status');

const at = '2026-01-05T10:00:00Z';
const status = (message: string, more: Partial<EnvironmentStatus> = {}): EnvironmentStatus => ({
  summary: message,
  conditions: [
    { type: 'Reconciling', status: 'True', reason: 'RollingOut', message, lastTransitionTime: at },
  ],
  ...more,
});

test('a sentence waits two seconds from when it was first another, however often it changes', () => {
  const pace = new StatusPace();
  assert.is(pace.waitMs('a/b', status('0 of 2'), status('1 of 2'), 1_000), 2_000);
  assert.is(pace.waitMs('a/b', status('0 of 2'), status('2 of 2'), 2_500), 500);
  assert.is(pace.waitMs('a/b', status('0 of 2'), status('1 of 2'), 3_000), 0);
  assert.is(pace.waitMs('a/b', status('1 of 2'), status('2 of 2'), 3_100), 2_000);
});

test('a verdict, a release, a command or a first status waits for nothing', () => {
  const pace = new StatusPace();
  const [condition] = status('x').conditions ?? [];
  const over = { ...status('x'), conditions: condition ? [{ ...condition, status: 'False' as const }] : [] };
  const stable = { revision: '0', number: 1, image: 'api:1', since: at };
  assert.is(pace.waitMs('a/b', undefined, status('x'), 0), 0);
  assert.is(pace.waitMs('a/b', status('x'), over, 0), 0);
  assert.is(pace.waitMs('a/b', status('x'), status('x', { stable }), 0), 0);
  const commands = [{ verb: 'promote', target: '1-0' }] as EnvironmentStatus['commands'];
  assert.is(pace.waitMs('a/b', status('x', { commands }), status('x'), 0), 0);
});

test('what has come back to what is written waits for nothing any more', () => {
  const pace = new StatusPace();
  pace.waitMs('a/b', status('0 of 2'), status('1 of 2'), 0);
  assert.is(pace.waitMs('a/b', status('0 of 2'), status('0 of 2'), 1_000), 0);
  assert.is(pace.waitMs('a/b', status('0 of 2'), status('1 of 2'), 5_000), 2_000);
});

test('what waits is written without anything else happening', async () => {
  const world = new World().create();
  await world.rest();
  world.server.edit('StatefulSet', 'shop-database', (live) => {
    live.status = { ...(live.status as object), readyReplicas: 0 };
  });
  await world.look();
  assert.is(world.condition('DatabaseReady')?.status, 'False', 'a verdict is written at once');
  world.now += 60_000;
  await world.rest();
  assert.is(world.condition('DatabaseReady')?.status, 'True');
});

test.run();
