import * as assert from 'uvu/assert';
import type { Live } from '../../../operator/environment/snapshot.ts';
import type { RestoreResult } from '../../../operator/restore/result.ts';
import type { RestoreStatus } from '../../../operator/restore/view.ts';
import { suite } from '../../harness/suite.ts';
import { BACKED_UP, putBackup, restored } from './backup.ts';
import { World } from './world.ts';

const test = suite('restores in place of an environment');

const serving = new World().create(BACKED_UP);
await serving.until(() => serving.status.stable?.image === 'api:1');

/** Jobs of restores come to this end, and what somebody writes is there for them to see. */
function backedUp(end: (world: World, job: Live) => RestoreResult | undefined = restored): World {
  const world = new World(serving);
  putBackup(world);
  world.cluster.restore = (job) => {
    if (job.metadata.name.endsWith('-look'))
      return { outcome: 'possible', backup: '20260105-020000F', stanza: 'shop-1' };
    assert.equal(runs(world), [], 'it restores while somebody writes');
    return end(world, job);
  };
  return world;
}

function ask(world: World): void {
  world.server.put({
    apiVersion: 'cryptosense.io/v1alpha1',
    kind: 'CryptoSenseRestore',
    metadata: { name: 'back', namespace: 'market' },
    spec: { environment: 'shop', mode: 'inPlace', confirm: 'shop', target: { backup: 'nightly' } },
    status: { observedGeneration: -1 },
  });
}

const status = (world: World) =>
  (world.server.get<Live>('CryptoSenseRestore', 'back')?.status ?? {}) as RestoreStatus;
const step = (world: World) => status(world).step;

function condition(world: World, type: string): string {
  const found = status(world).conditions?.find((one) => one.type === type);
  return found ? `${found.status} ${found.reason}` : '';
}

/** Pods that could write to the database. */
function runs(world: World): string[] {
  const names = world.server.list('Pod').map(({ metadata }) => metadata.name);
  return names.filter((name) => /^shop-(database|pooler)-pod/.test(name));
}

function replicas(world: World, kind: string, name: string): number | undefined {
  return (world.server.get<Live>(kind, name)?.spec as { replicas?: number } | undefined)?.replicas;
}

/** What the operator asked to be backed up is complete, and a restore of it has worked. */
function backUp(world: World, stanza = 'shop-1'): void {
  for (const { metadata, status: known } of world.server.list('CryptoSenseBackup')) {
    if ((known as RestoreStatus | undefined)?.conditions) continue;
    putBackup(world, { name: metadata.name });
    world.server.edit('CryptoSenseBackup', metadata.name, (object) => {
      object.status = { ...(object.status as object), stanza };
    });
  }
}

/** Lets it go on, with backups that succeed, until `isSo`. */
async function until(world: World, isSo: () => boolean): Promise<void> {
  await world.until(() => {
    backUp(world, step(world) === 'Starting' ? 'shop-2' : 'shop-1');
    return isSo();
  });
}

function isSuspended(world: World): boolean | undefined {
  return (world.server.get<Live>('CronJob', 'shop-backup')?.spec as { suspend?: boolean } | undefined)
    ?.suspend;
}

function databaseEnv(world: World): Record<string, string | undefined> {
  const spec = world.server.get<Live>('StatefulSet', 'shop-database')?.spec as
    | { template: { spec: { containers: { env: { name: string; value?: string }[] }[] } } }
    | undefined;
  const env = spec?.template.spec.containers[0]?.env ?? [];
  return Object.fromEntries(env.map(({ name, value }) => [name, value]));
}

test('stops the writers, restores, and starts the members on the restored data with an archive of its own', async () => {
  const world = backedUp();
  ask(world);
  await until(world, () => step(world) === 'Stopping');
  await world.until(() => runs(world).length === 0);
  assert.is(world.condition('DatabaseReady')?.status, 'False');
  assert.match(world.condition('DatabaseReady')?.message ?? '', /Held for CryptoSenseRestore back/);
  assert.is(isSuspended(world), true);
  await until(world, () => condition(world, 'Completed') === 'True Restored');
  assert.is(world.status.backup?.stanza, 'shop-2');
  assert.is(status(world).archive, 'shop-2');
  assert.equal(
    [replicas(world, 'StatefulSet', 'shop-database'), replicas(world, 'Deployment', 'shop-pooler')],
    [1, 1],
  );
  assert.is(databaseEnv(world).PGBACKREST_STANZA, 'shop-2');
  assert.is(databaseEnv(world).DATA_GENERATION, world.status.backup?.restored);
  await world.until(() => world.condition('Ready')?.status === 'True');
  assert.not.ok(isSuspended(world));
  const backups = world.server.list('CryptoSenseBackup').map(({ metadata }) => metadata.name);
  assert.is(backups.filter((name) => /^shop-(before|after)-/.test(name)).length, 2);
  await world.until(() =>
    world.server.list('Job').every(({ metadata }) => !metadata.name.includes('-restore-')),
  );
});

test('members are told to forget the former data when the restored one has a backup that works, and not before', async () => {
  const world = backedUp();
  ask(world);
  const told = () =>
    world.server
      .list('Pod')
      .filter(({ metadata }) => metadata.annotations?.['cryptosense.io/forget-former-data']);
  await world.until(() => {
    if (step(world) !== 'Starting') backUp(world);
    return condition(world, 'Completed') === 'True Restored';
  });
  for (let i = 0; i < 40; i++) {
    world.step();
    await world.settle();
  }
  assert.equal(told(), []);
  backUp(world, 'shop-2');
  await world.until(() => told().length === 1);
  assert.is(
    told()[0]?.metadata.annotations?.['cryptosense.io/forget-former-data'],
    world.status.backup?.restored,
  );
});

test('a restore that fails, or that somebody deletes, lets the former data go on', async () => {
  const failed = backedUp(() => ({ outcome: 'failed', reason: 'NoRoom', message: 'the volume is full' }));
  ask(failed);
  await until(failed, () => condition(failed, 'Stalled') === 'True NoRoom');
  await failed.until(() => failed.condition('Ready')?.status === 'True');
  assert.is(failed.status.backup?.stanza, 'shop-1');
  assert.is(databaseEnv(failed).DATA_GENERATION, undefined);
  const deleted = backedUp(() => undefined);
  ask(deleted);
  await until(deleted, () => step(deleted) === 'Restoring' && runs(deleted).length === 0);
  deleted.server.remove('CryptoSenseRestore', 'back');
  await deleted.until(() => deleted.condition('Ready')?.status === 'True');
  assert.is(deleted.status.backup?.stanza, 'shop-1');
  assert.equal(
    deleted.server.list('Job').filter(({ metadata }) => metadata.name.includes('-restore-')),
    [],
  );
});

test('wherever the operator dies, the restored data serves in the end, and nobody wrote while it was made', async () => {
  const whole = backedUp();
  const before = whole.server.writes.length;
  ask(whole);
  await until(whole, () => condition(whole, 'Completed') === 'True Restored');
  const writes = whole.server.writes.length - before;
  assert.ok(writes > 20, `${writes} writes`);
  for (let at = 0; at < writes; at++) {
    const world = backedUp();
    ask(world);
    world.server.dieAfter = at;
    await until(world, () => condition(world, 'Completed') === 'True Restored');
    await world.until(() => world.condition('Ready')?.status === 'True');
    assert.is(world.status.backup?.stanza, 'shop-2', `died after write ${at}`);
    assert.equal(world.failures, []);
  }
  console.log(`\nnote: died after each of ${writes} writes`);
});

test.run();
