import * as assert from 'uvu/assert';
import type { Live } from '../../../operator/environment/snapshot.ts';
import { podProblem } from '../../../operator/environment/workloads.ts';
import type { RestoreStatus } from '../../../operator/restore/view.ts';
import { suite } from '../../harness/suite.ts';
import { BACKED_UP, putBackup, restored } from './backup.ts';
import { World } from './world.ts';

const test = suite('restores of an environment');

const serving = new World().create(BACKED_UP);
await serving.until(() => serving.status.stable?.image === 'api:1');

function backedUp(): World {
  const world = new World(serving);
  putBackup(world);
  world.cluster.restore = () => restored(world);
  return world;
}

function ask(world: World, name: string, spec: object = {}): void {
  world.server.put({
    apiVersion: 'cryptosense.io/v1alpha1',
    kind: 'CryptoSenseRestore',
    metadata: { name, namespace: 'market' },
    spec: { environment: 'shop', mode: 'drill', ...spec },
    status: { observedGeneration: -1 },
  });
}

function statusOf(world: World, name: string): RestoreStatus {
  return (world.server.get<Live>('CryptoSenseRestore', name)?.status ?? {}) as RestoreStatus;
}

function condition(world: World, name: string, type: string): string {
  const found = statusOf(world, name).conditions?.find((one) => one.type === type);
  return found ? `${found.status} ${found.reason}` : '';
}

const jobs = (world: World) =>
  world.server.list('Job').filter(({ metadata }) => metadata.name.startsWith('shop-restore-'));

test('a drill runs in a Job with a volume of its own, and its figures are in both statuses', async () => {
  const world = backedUp();
  let made: Live | undefined;
  world.cluster.restore = () => {
    [made] = jobs(world);
    return restored(world);
  };
  ask(world, 'drill', { target: { backup: 'nightly' } });
  await world.until(() => condition(world, 'drill', 'Completed') === 'True Restored');
  await world.until(() => jobs(world).length === 0);
  assert.ok(made);
  const { template } = made.spec as {
    template: { spec: { containers: { env: { name: string; value: string }[] }[]; volumes: object[] } };
  };
  const env = Object.fromEntries(
    (template.spec.containers[0]?.env ?? []).map(({ name, value }) => [name, value]),
  );
  assert.equal(JSON.parse(env.RESTORE_TARGET ?? ''), { backup: 'nightly' });
  assert.ok(template.spec.volumes.some((volume) => 'ephemeral' in volume));
  assert.is(statusOf(world, 'drill').observedGeneration, 1);
  assert.ok((statusOf(world, 'drill').rtoSeconds ?? 0) >= 0);
  await world.until(() => world.status.backup?.lastDrill?.name === 'drill');
  const said = world.events.filter(({ regarding }) => regarding.kind === 'CryptoSenseRestore');
  assert.equal(
    said.map(({ type, reason, regarding }) => `${type} ${reason} ${regarding.metadata.name}`),
    ['Normal Restored drill'],
  );
});

test('what is impossible gets no Job, and the sentence says what is possible', async () => {
  const world = backedUp();
  ask(world, 'early', { target: { time: '2020-01-01T00:00:00Z' } });
  await world.until(() => condition(world, 'early', 'Stalled') === 'True BeforeOldestBackup');
  ask(world, 'in-place', { mode: 'inPlace', confirm: 'shop', target: { backup: 'never-made' } });
  await world.until(() => condition(world, 'in-place', 'Stalled') === 'True UnknownBackup');
  assert.equal(jobs(world), []);
  const message = statusOf(world, 'early').conditions?.find(({ type }) => type === 'Accepted')?.message;
  assert.match(message ?? '', /possible is 20/);
});

test('without backups there is nothing to restore, and that is said', async () => {
  const world = new World().create();
  await world.until(() => world.status.stable?.image === 'api:1');
  ask(world, 'drill');
  await world.until(() => condition(world, 'drill', 'Stalled') === 'True NotPossible');
});

test('a restore of an environment that is not there says so, and goes on when it is', async () => {
  const world = new World();
  ask(world, 'drill');
  await world.until(() => condition(world, 'drill', 'Completed') === 'False NoEnvironment');
  world.create();
  await world.until(() => condition(world, 'drill', 'Stalled') === 'True NotPossible');
});

test('why a database cannot be made from backups is said in the words of its pod', () => {
  const problem = podProblem([
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'shop-database-0', uid: '1', resourceVersion: '1' },
      status: {
        containerStatuses: [
          {
            state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 20s restarting' } },
            lastState: { terminated: { message: 'the database cannot be made from the backups: no key' } },
          },
        ],
      },
    },
  ]);
  assert.match(
    problem ?? '',
    /^CrashLoopBackOff: the database cannot be made from the backups: no key; pod shop/,
  );
});

test('who deletes a restore ends it', async () => {
  const world = backedUp();
  world.cluster.restore = () => undefined;
  ask(world, 'drill');
  await world.until(() => jobs(world).length === 1);
  world.server.remove('CryptoSenseRestore', 'drill');
  await world.until(() => jobs(world).length === 0);
});

test('wherever the operator dies, one Job is made, and the restore ends once', async () => {
  for (let writes = 0; writes < 12; writes++) {
    const world = backedUp();
    let began = 0;
    world.cluster.restore = () => {
      began += 1;
      return restored(world);
    };
    ask(world, 'drill');
    world.server.dieAfter = writes;
    await world.until(() => condition(world, 'drill', 'Completed') === 'True Restored');
    await world.until(() => jobs(world).length === 0);
    assert.is(began, 1, `killed after ${writes} writes`);
  }
});

test('the schedule makes one rehearsal for its time, and the environment says how it went', async () => {
  const world = backedUp();
  world.edit((spec) => {
    spec.backup = { ...spec.backup, drillSchedule: '*/5 * * * *' };
  });
  const rehearsals = () => world.server.list('CryptoSenseRestore').map(({ metadata }) => metadata.name);
  await world.until(() => rehearsals().length === 1);
  assert.match(rehearsals()[0] ?? '', /^shop-drill-20260105-10\d[05]$/);
  await world.until(() => world.condition('RestoreRehearsed')?.status === 'True');
  await world.until(() => rehearsals().length === 2);
  world.cluster.restore = () => ({ outcome: 'failed', reason: 'Damaged', message: 'a page is damaged' });
  await world.until(() => world.condition('RestoreRehearsed')?.status === 'False');
  assert.match(world.condition('RestoreRehearsed')?.message ?? '', /a page is damaged .*answered after/);
  const said = world.events.filter(({ reason }) => reason === 'RehearsalFailed');
  assert.is(said.length, 1);
});

test.run();
