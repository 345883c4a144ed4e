import * as assert from 'uvu/assert';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { BACKUP_KIND } from '../../../operator/api/well-known.ts';
import type { Live } from '../../../operator/environment/snapshot.ts';
import { suite } from '../../harness/suite.ts';
import { putBackup } from './backup.ts';
import { QUICK, World } from './world.ts';

const test = suite('backups of an environment');

const backup: EnvironmentSpec['backup'] = {
  enabled: true,
  bucket: { endpoint: 'https://s3.example.com', name: 'backups', credentialsSecret: 's3' },
  encryptionSecret: 'key',
};

async function serving(more: Partial<EnvironmentSpec> = {}): Promise<World> {
  const world = new World().create({ ...QUICK, backup, ...more });
  await world.rest();
  assert.equal(world.failures, []);
  return world;
}

const ask = (world: World, name: string, type: 'full' | 'dump' = 'full') =>
  world.server.put({
    apiVersion: 'cryptosense.io/v1alpha1',
    kind: BACKUP_KIND,
    metadata: { name, namespace: 'market', creationTimestamp: new Date(world.now).toISOString() },
    spec: { environment: 'shop', type },
  });
const jobsOf = ({ server }: World) =>
  server.list('Job').filter(({ metadata }) => metadata.name.startsWith('shop-backup-'));
const condition = ({ server }: World, name: string, type: string) => {
  const { conditions = [] } = (server.get<Live>(BACKUP_KIND, name)?.status ?? {}) as {
    conditions?: { type: string; status: string; reason: string; message: string }[];
  };
  return conditions.find((one) => one.type === type);
};
/** The Job ends as the cluster would say it. */
const fail = (world: World, job: Live | undefined, message: string) =>
  world.server.edit('Job', job?.metadata.name ?? '', (object) => {
    object.status = { conditions: [{ type: 'Failed', status: 'True', message }] };
  });

test('what takes backups is there before the first one, and works without the operator', async () => {
  const world = await serving();
  const cronJob = world.server.get<Live>('CronJob', 'shop-backup');
  const { schedule, timeZone, concurrencyPolicy } = (cronJob?.spec ?? {}) as Record<string, unknown>;
  assert.equal([schedule, timeZone, concurrencyPolicy], ['0 2 * * *', 'Etc/UTC', 'Forbid']);
  for (const kind of ['ServiceAccount', 'Role', 'RoleBinding', 'ConfigMap'])
    assert.ok(world.server.get(kind, 'shop-backup'), kind);
  assert.is(world.status.backup?.stanza, 'shop-1');
  assert.is(world.status.backup?.next, '2026-01-06T02:00:00.000Z');
});

test('switched off again, nothing of it is left, and no object that holds data was touched', async () => {
  const world = await serving();
  putBackup(world);
  world.edit((spec) => {
    spec.backup = { ...backup, enabled: false };
  });
  await world.rest();
  for (const kind of ['CronJob', 'ServiceAccount', 'Role', 'RoleBinding', 'ConfigMap'])
    assert.not(world.server.get(kind, 'shop-backup'), kind);
  assert.ok(world.server.get(BACKUP_KIND, 'nightly'));
  assert.is(world.status.backup?.stanza, 'shop-1', 'the archive that is the right one is not forgotten');
});

test('one that a person asks for gets one Job, whoever looks again', async () => {
  const world = await serving();
  ask(world, 'before-the-sale', 'dump');
  await world.rest();
  world.restart();
  await world.rest();
  assert.is(jobsOf(world).length, 1);
  assert.match(JSON.stringify(jobsOf(world)[0]?.spec), /"take","dump","before-the-sale"/);
});

test('of a Job that died the operator says so, and the environment that its backup failed', async () => {
  const world = await serving();
  ask(world, 'doomed');
  await world.rest();
  fail(world, jobsOf(world)[0], 'Job was active longer than specified deadline');
  await world.until(() => condition(world, 'doomed', 'Completed') !== undefined);
  const said = condition(world, 'doomed', 'Completed');
  assert.equal([said?.status, said?.reason], ['False', 'JobLost']);
  assert.match(said?.message ?? '', /longer than specified deadline; there is no backup of this name/);
  await world.rest();
  assert.is(world.condition('BackupReady')?.reason, 'BackupFailed');
  assert.is(world.condition('Ready')?.status, 'True', 'the API serves all the same');
});

test('the newest verified backup is named, and one that cannot be restored is said', async () => {
  const world = await serving();
  putBackup(world, { name: 'good' });
  await world.rest();
  assert.is(world.condition('BackupReady')?.status, 'True');
  assert.is(world.status.backup?.verified?.name, 'good');
  putBackup(world, { name: 'bad', verified: 'False' });
  await world.rest();
  assert.is(world.condition('BackupReady')?.reason, 'NotRestorable');
  assert.match(world.condition('BackupReady')?.message ?? '', /bad cannot be restored: a page is damaged/);
  assert.is(world.status.backup?.verified?.name, 'good');
});

test('a slot that nobody took is said when its deadline has passed', async () => {
  const world = await serving();
  world.now = Date.parse('2026-01-06T03:00:00Z');
  world.restart();
  await world.rest();
  assert.is(world.condition('BackupReady')?.reason, 'BackupMissed');
  assert.match(world.condition('BackupReady')?.message ?? '', /2026-01-06T02:00:00.000Z was not taken/);
});

test('a migration behind the gate full gets its backup without anybody asking, once', async () => {
  const world = new World();
  world.cluster.releases.set('api:1', { migrations: { expand: ['0001-a'] } });
  world.create({ ...QUICK, backup, release: { image: 'api:1', migration: { gate: 'full' } } });
  await world.rest();
  world.release('api:2', { migrations: { expand: ['0001-a', '0002-b'] } });
  await world.rest();
  world.restart();
  await world.rest();
  const asked = world.server.list(BACKUP_KIND).map(({ metadata }) => metadata.name);
  assert.is(asked.length, 1);
  assert.match(asked[0] ?? '', /^shop-migration-20260105-10\d{4}$/);
  assert.is(jobsOf(world).length, 1);
  putBackup(world, { name: asked[0] ?? '', startedAgo: 0 });
  await world.until(() => world.status.stable?.image === 'api:2');
});

test('an environment that is deleted leaves a last verified backup, and PostgreSQL waits for it', async () => {
  const world = await serving();
  const name = `shop-final-${world.environment.metadata.uid.slice(0, 8)}`;
  world.server.remove('CryptoSenseEnvironment', 'shop');
  await world.until(() => jobsOf(world).length === 1);
  assert.ok(world.server.get('StatefulSet', 'shop-database'));
  assert.equal(world.server.list('Deployment'), [], 'nobody writes any more');
  fail(world, jobsOf(world)[0], 'no space left');
  await world.until(() => world.condition('Stalled')?.status === 'True');
  const { message = '' } = world.condition('Stalled') ?? {};
  assert.match(
    message,
    /The final backup failed: .*no space left.*kubectl annotate cse shop cryptosense.io\/skip-final/,
  );
  assert.ok(world.server.get('StatefulSet', 'shop-database'), 'it stands still');
  putBackup(world, { name });
  await world.rest();
  assert.is(world.environment, undefined);
  assert.ok(world.server.get(BACKUP_KIND, name));
  assert.equal(world.server.list('StatefulSet'), []);
});

test('with the annotation it goes without one', async () => {
  const world = await serving();
  world.server.edit('CryptoSenseEnvironment', 'shop', ({ metadata }) => {
    metadata.annotations = { ...metadata.annotations, 'cryptosense.io/skip-final-backup': 'true' };
  });
  world.server.remove('CryptoSenseEnvironment', 'shop');
  await world.rest();
  assert.is(world.environment, undefined);
  assert.equal(world.server.list(BACKUP_KIND), []);
});

test.run();
