import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { putBackup } from './backup.ts';
import {
  annotate,
  FIRST,
  jobs,
  podsOf,
  reasons,
  revisionOf,
  SECOND,
  schema,
  serving,
  target,
} from './migration-world.ts';

const test = suite('migrations of a release');

test('the first release of an empty database needs no backup, whatever the gate says', async () => {
  const world = await serving();
  assert.equal(jobs(world).sort(), ['shop-migrate', 'shop-pending']);
  assert.equal(world.cluster.ledger.applied, ['0001-accounts']);
  assert.is(schema(world)?.status, 'True');
});

test('M1 a release with migrations waits for the gate (verified backup, archived restore point), and says what is missing and what to do', async () => {
  const world = (await serving()).release('api:2', { migrations: SECOND });
  await world.rest();
  assert.is(podsOf(world, 'api:2'), 0);
  assert.equal(world.cluster.ledger.applied, ['0001-accounts']);
  const said =
    /The migration of api:2 \(0002-email\) needs a verified full backup of the last 26 hours with an archived restore point: there is no backup of this environment; wait for the next one, or ask for one now with a CryptoSenseBackup; to migrate without a backup, set spec.release.migration.gate to none/;
  assert.match(world.status.summary ?? '', said);
  assert.is(schema(world)?.reason, 'WaitingForBackup');
  assert.match(schema(world)?.message ?? '', said);
  assert.match(world.status.waitingFor?.[0]?.what ?? '', said);
  assert.match(world.status.candidate?.gate?.message ?? '', 'there is no backup');
  assert.is(world.condition('Ready')?.status, 'True');
  assert.is(world.condition('Stalled')?.status, 'False');
  assert.is(reasons(world).filter((reason) => reason === 'WaitingForBackup').length, 1);

  putBackup(world);
  await world.until(() => world.status.stable?.image === 'api:2');
  assert.equal(world.cluster.ledger.applied, ['0001-accounts', '0002-email']);
  assert.equal(world.cluster.broken, []);
  assert.match(schema(world)?.message ?? '', '0003-drop-mail');
  assert.ok(reasons(world).includes('MigrationStarted'));
  assert.ok(reasons(world).includes('Migrated'));
});

const CLOSED: [string, Parameters<typeof putBackup>[1], RegExp][] = [
  ['that is a dump', { type: 'dump' }, /nightly, is a dump and not a full one/],
  ['that is not complete', { completed: false }, /nightly, is not complete yet/],
  ['that nobody has verified', { verified: 'Unknown' }, /nightly, is not verified yet/],
  ['that could not be verified', { verified: 'False' }, /nightly, could not be verified: a page is damaged/],
  [
    'without a restore point',
    { restorePoint: 'none' },
    /nightly, has no restore point whose log is archived yet/,
  ],
  [
    'whose restore point is not archived',
    { restorePoint: 'not archived' },
    /nightly, has no restore point whose log is archived yet/,
  ],
  ['of another environment', { environment: 'other' }, /there is no backup of this environment/],
];

for (const [name, unlike, sentence] of CLOSED) {
  test(`M1 a backup ${name} does not open the gate`, async () => {
    const world = await serving();
    putBackup(world, unlike);
    world.release('api:2', { migrations: SECOND });
    await world.rest();
    assert.match(world.status.summary ?? '', sentence);
    assert.equal(world.cluster.ledger.applied, ['0001-accounts']);
    assert.is(podsOf(world, 'api:2'), 0);
  });
}

test('M1 a backup older than 26 hours does not open the gate, and one of an hour ago does', async () => {
  const world = await serving();
  putBackup(world);
  world.now += 27 * 3_600_000;
  world.release('api:2', { migrations: SECOND });
  await world.rest();
  assert.match(world.status.summary ?? '', 'nightly, is older than 26 hours');
  putBackup(world, { name: 'second', completedAgo: 3600 });
  await world.until(() => world.status.stable?.image === 'api:2');
});

test('M1 a backup from before the environment was made is of another one', async () => {
  const world = await serving();
  putBackup(world, { completedAgo: 3600 });
  world.release('api:2', { migrations: SECOND });
  await world.rest();
  assert.match(world.status.summary ?? '', 'there is no backup of this environment');
});

test('M1 with the gate full, only a backup that was begun after the release was asked for opens it', async () => {
  const world = await serving({ gate: 'full' });
  putBackup(world, { startedAgo: 5 });
  world.release('api:2', { migrations: SECOND });
  await world.rest();
  assert.match(world.status.summary ?? '', 'nightly, was begun before the release was asked for');
  putBackup(world, { name: 'fresh', startedAgo: 1 });
  await world.until(() => world.status.stable?.image === 'api:2');
});

test('M1 a release that has nothing pending needs no gate and no backup, and says so', async () => {
  const world = (await serving()).release('api:2', { migrations: FIRST });
  await world.until(() => world.status.candidate !== undefined && schema(world)?.reason === 'Migrated');
  assert.match(schema(world)?.message ?? '', 'api:2 has no pending migration: it needed no backup.');
  await world.rest();
  assert.is(world.status.stable?.image, 'api:2');
  assert.is(jobs(world).filter((name) => name === 'shop-migrate').length, 1, 'only that of api:1');
});

test('M1 with backups switched off the gate says that somebody is needed, and gate none lets the release go on', async () => {
  const world = await serving({ gate: 'verified' }, { backup: { enabled: false } });
  world.release('api:2', { migrations: SECOND });
  await world.rest();
  assert.is(world.condition('Stalled')?.reason, 'BackupNeeded');
  assert.match(
    world.condition('Stalled')?.message ?? '',
    'backups are switched off: set spec.backup.enabled',
  );
  assert.is(world.condition('Ready')?.status, 'True');
  const { revision } = world.status.candidate ?? {};
  world.edit((spec) => {
    spec.release.migration = { gate: 'none' };
  });
  await world.until(() => world.status.stable?.image === 'api:2');
  assert.is(world.status.stable?.revision, revision, 'a changed gate is no release');
  assert.is(world.condition('Stalled')?.status, 'False');
});

test('M1 the migration takes effect once even if its Job runs twice, and only then the release gets pods', async () => {
  const world = await serving({ gate: 'none' });
  world.cluster.isDatabaseSlow = true;
  world.release('api:2', { migrations: SECOND });
  await world.rest();
  assert.is(podsOf(world, 'api:2'), 0);
  assert.match(world.status.summary ?? '', 'The migration of api:2 runs');
  world.cluster.isDatabaseSlow = false;
  await world.until(() => podsOf(world, 'api:2') === 1);
  assert.equal(world.cluster.ledger.applied, ['0001-accounts', '0002-email']);
  // Somebody deletes the Job in the middle of the canary.
  world.server.remove('Job', `shop-migrate-${world.status.candidate?.revision}`);
  await world.until(() => world.status.stable?.image === 'api:2');
  assert.equal(world.cluster.ledger.applied, ['0001-accounts', '0002-email']);
  assert.equal(world.cluster.broken, []);
});

test('what a migration has said outlives its pod', async () => {
  const world = (await serving({ gate: 'none' })).release('api:2', { migrations: SECOND });
  await world.until(() => world.status.stable?.image === 'api:2');
  for (const { metadata } of world.server.list('Pod'))
    if (/-x$/.test(metadata.name)) world.server.drop('Pod', metadata.name);
  world.restart();
  await world.settle();
  assert.match(schema(world)?.message ?? '', 'contract migration of api:2 (0003-drop-mail) runs at 20');
});

test('a report whose pod is gone before anybody read it is asked for again', async () => {
  const world = await serving();
  world.release('api:2', { migrations: SECOND });
  // The operator is away while the Job ends and the node with its pod goes.
  await world.until(() =>
    world.server
      .list('Job')
      .some(({ metadata }) => /pending/.test(metadata.name) && !/x$/.test(metadata.name)),
  );
  const { revision } = world.status.candidate ?? { revision: '' };
  await world.until(() => world.server.get('Job', `shop-pending-${revision}`) !== undefined);
  world.cluster.second();
  world.server.drop('Pod', `shop-pending-${revision}-x`);
  await world.rest();
  assert.match(world.status.summary ?? '', 'needs a verified full backup');
  assert.match(world.status.summary ?? '', '0002-email');
});

test('M2 a migration that fails leaves the old release serving, and the condition says which file failed and why', async () => {
  const world = (await serving({ gate: 'none' })).release('api:2', { migrates: false, migrations: SECOND });
  await world.rest();
  assert.is(world.status.stable?.image, 'api:1');
  assert.is(podsOf(world, 'api:2'), 0);
  const rolledBack = world.condition('RolledBack');
  assert.equal([rolledBack?.status, rolledBack?.reason], ['True', 'MigrationFailed']);
  assert.match(rolledBack?.message ?? '', 'column is missing');
  assert.equal(world.cluster.broken, []);
});

test('M2 a retry after a failed migration runs it again', async () => {
  const world = (await serving({ gate: 'none' })).release('api:2', { migrates: false, migrations: SECOND });
  await world.rest();
  world.cluster.releases.set('api:2', { migrations: SECOND });
  const { rejected } = world.status;
  assert.ok(rejected);
  annotate(world, 'retry', target(rejected));
  await world.until(() => world.status.stable?.image === 'api:2');
  assert.equal(world.cluster.ledger.applied, ['0001-accounts', '0002-email']);
});

test('M5 a third release waits for a running migration', async () => {
  const world = await serving({ gate: 'none' });
  world.cluster.isDatabaseSlow = true;
  world.release('api:2', { migrations: SECOND });
  await world.until(() => jobs(world).filter((name) => name === 'shop-migrate').length === 2);
  world.release('api:3', { migrations: SECOND });
  await world.rest();
  assert.match(world.status.summary ?? '', 'api:3 waits for the migration of api:2, which runs');
  assert.is(schema(world)?.reason, 'WaitingForMigration');
  const third = revisionOf(world, 'api:3')?.metadata.labels?.['cryptosense.io/revision'];
  assert.is(world.server.get('Job', `shop-migrate-${third}`), undefined);
  assert.is(world.status.stable?.image, 'api:1');
  world.cluster.isDatabaseSlow = false;
  await world.rest();
  assert.is(world.status.stable?.image, 'api:3');
  assert.equal(world.cluster.ledger.applied.filter((file) => file === '0002-email').length, 1);
  assert.equal(world.cluster.broken, []);
});

test.run();
