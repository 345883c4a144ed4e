import * as assert from 'uvu/assert';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { suite } from '../../harness/suite.ts';
import { putBackup } from './backup.ts';
import type { Migrations } from './migration-jobs.ts';
import { QUICK, World } from './world.ts';

const test = suite('migrations of a release');

const FIRST: Migrations = { expand: ['0001-accounts'] };
const SECOND: Migrations = { expand: ['0001-accounts', '0002-email'], contract: ['0003-drop-mail'] };
const ONE_WAY: Migrations = { expand: ['0001-accounts', '0002-convert'], irreversible: ['0002-convert'] };

const backup: EnvironmentSpec['backup'] = {
  enabled: true,
  bucket: { endpoint: 'https://s3.example.com', name: 'backups', credentialsSecret: 's3' },
  encryptionSecret: 'key',
};

/** An environment whose first release, api:1, serves. */
async function serving(
  migration: EnvironmentSpec['release']['migration'] = { gate: 'verified' },
  more: Partial<EnvironmentSpec> = {},
): Promise<World> {
  const world = new World();
  world.cluster.releases.set('api:1', { migrations: FIRST });
  world.create({
    ...QUICK,
    backup,
    ...more,
    release: { image: 'api:1', migration },
    rollout: { ...QUICK.rollout, rollbackWindow: '1m', ...more.rollout },
  });
  await world.rest();
  assert.is(world.status.stable?.image, 'api:1', world.status.summary);
  assert.equal(world.failures, []);
  return world;
}

const jobs = ({ server }: World) =>
  server.list('Job').map(({ metadata }) => metadata.name.replace(/-[^-]+$/, ''));
const schema = (world: World) => world.condition('SchemaReady');
const reasons = ({ events }: World) => events.map(({ reason }) => reason);
/** Pods and requests of the release with this image. */
const podsOf = ({ server }: World, image: string) =>
  server.list('Deployment').filter(({ spec }) => JSON.stringify(spec).includes(`"${image}"`)).length;
const target = ({ number, revision }: { number: number; revision: string }) => `${number}-${revision}`;
const revisionOf = ({ server }: World, image: string) =>
  server
    .list('ControllerRevision')
    .find(({ data }) => (data as { inputs?: { image: string } }).inputs?.image === image);
const annotate = (world: World, key: string, value: string) =>
  world.server.edit('CryptoSenseEnvironment', 'shop', ({ metadata }) => {
    metadata.annotations = { ...metadata.annotations, [`cryptosense.io/${key}`]: value };
  });

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

for (const [how, migration, migrations] of [
  ['by its migration file', { gate: 'none' }, ONE_WAY],
  ['by release.migration.irreversible', { gate: 'none', irreversible: true }, SECOND],
] as const) {
  test(`M3 a release marked irreversible ${how} is frozen, not rolled back, when it fails after its migration`, async () => {
    const world = await serving({ gate: 'none' });
    world.edit((spec) => {
      spec.release.migration = migration;
    });
    world.release('api:2', { errorRatio: 0.5, migrations });
    await world.until(() => world.status.candidate?.frozen !== undefined);
    await world.rest();
    const { candidate, rejected, stable } = world.status;
    assert.equal([stable?.image, candidate?.image, rejected], ['api:1', 'api:2', undefined]);
    assert.is(candidate?.weight, 10);
    assert.is(candidate?.frozen?.reason, 'AnalysisFailed');
    const stalled = world.condition('Stalled');
    assert.equal([stalled?.status, stalled?.reason], ['True', 'Frozen']);
    assert.match(
      stalled?.message ?? '',
      /api:2 has failed \(AnalysisFailed: .*\) after a migration that cannot be undone: it is not rolled back and keeps 10 % of the requests; promote it \(cryptosense.io\/promote: 2-[0-9a-f]+\), or release an image that mends it/,
    );
    assert.is(reasons(world).filter((reason) => reason === 'Frozen').length, 1);
    assert.is(world.condition('Ready')?.status, 'True');
    assert.equal(world.cluster.broken, []);
  });
}

/** api:2 has failed after a migration that cannot be undone. */
async function frozen(): Promise<World> {
  const world = (await serving({ gate: 'none' })).release('api:2', { errorRatio: 0.5, migrations: ONE_WAY });
  await world.until(() => world.status.candidate?.frozen !== undefined);
  await world.rest();
  return world;
}

test('M3 a frozen release stays where it is through restarts, an abort and a spec that asks for the old release', async () => {
  const world = await frozen();
  const { candidate } = world.status;
  assert.ok(candidate);
  world.restart();
  await world.rest();
  annotate(world, 'abort', target(candidate));
  await world.rest();
  assert.is(world.status.lastCommand?.accepted, false);
  assert.match(
    world.status.lastCommand?.message ?? '',
    'api:1 cannot serve any more: the migration of api:2 (0002-convert) cannot be undone',
  );
  world.release('api:1', { migrations: FIRST });
  await world.rest();
  assert.is(world.status.candidate?.image, 'api:2');
  assert.is(world.status.candidate?.weight, 10);
  assert.is(world.condition('Stalled')?.reason, 'Frozen');
  assert.equal(world.cluster.broken, []);
});

test('M3 a frozen release without a ready pod gets no requests, as no release does', async () => {
  const world = await frozen();
  world.cluster.releases.set('api:2', { starts: false, migrations: ONE_WAY });
  await world.rest();
  assert.is(world.status.candidate?.weight, 0);
  assert.ok(world.status.candidate?.frozen);
  assert.is(world.status.stable?.image, 'api:1');
});

test('M3 a promoted frozen release serves, and a mended one takes its place', async () => {
  const promoted = await frozen();
  const { candidate } = promoted.status;
  assert.ok(candidate);
  annotate(promoted, 'promote', target(candidate));
  await promoted.rest();
  assert.is(promoted.status.stable?.image, 'api:2', promoted.status.summary);
  assert.is(promoted.condition('Stalled')?.status, 'False');

  const mended = (await frozen()).release('api:3', { migrations: ONE_WAY });
  await mended.rest();
  assert.is(mended.status.stable?.image, 'api:3', mended.status.summary);
  assert.equal(mended.cluster.broken, []);
});

test('a release marked irreversible that fails before its migration has run is rolled back like any other', async () => {
  const world = (await serving({ gate: 'none', irreversible: true })).release('api:2', {
    migrates: false,
    migrations: SECOND,
  });
  await world.rest();
  assert.is(world.status.rejected?.reason, 'MigrationFailed');
});

test('a release marked irreversible that had nothing to migrate is rolled back like any other', async () => {
  const world = await serving({ gate: 'none', irreversible: true });
  // The first release was marked as well: what came before it is not there.
  world.release('api:2', { errorRatio: 0.5, migrations: FIRST });
  await world.rest();
  assert.is(world.status.rejected?.reason, 'AnalysisFailed');
});

test('M4 contract migrations run after the rollback window, not before, and only once', async () => {
  const world = (await serving({ gate: 'none' })).release('api:2', { migrations: SECOND });
  await world.until(() => world.status.stable?.image === 'api:2');
  const since = Date.parse(world.status.stable?.since ?? '');
  await world.until(() => world.status.retired === undefined);
  assert.is(world.condition('Reconciling')?.status, 'False', 'it does not look busy while it waits');
  assert.match(
    schema(world)?.message ?? '',
    `runs at ${new Date(since + 60_000).toISOString()}, when the rollback window is over`,
  );
  await world.until(() => jobs(world).includes('shop-contract'));
  const waited = world.now - since;
  assert.ok(waited >= 60_000 && waited < 62_000, `${waited} ms`);
  await world.rest();
  assert.equal(world.cluster.ledger.applied, ['0001-accounts', '0002-email', '0003-drop-mail']);
  assert.is(schema(world)?.message, '0003-drop-mail of api:2 was applied.');
  world.restart();
  await world.rest();
  assert.is(jobs(world).filter((name) => name === 'shop-contract').length, 1);
});

test('M4 within the window a return to the former release is free, and takes the contract with it', async () => {
  const world = (await serving({ gate: 'none' })).release('api:2', { migrations: SECOND });
  await world.until(() => world.status.stable?.image === 'api:2');
  const former = world.status.history?.find(({ image }) => image === 'api:1');
  assert.ok(former);
  annotate(world, 'undo', target(former));
  await world.rest();
  assert.is(world.status.stable?.image, 'api:1');
  assert.not.ok(world.cluster.ledger.applied.includes('0003-drop-mail'));
});

/** api:2 serves, and its contract migration has run. */
async function contracted(): Promise<World> {
  const world = (await serving({ gate: 'none' })).release('api:2', { migrations: SECOND });
  await world.rest();
  assert.ok(world.cluster.ledger.applied.includes('0003-drop-mail'));
  return world;
}

const REFUSAL =
  /api:1 cannot serve any more: the contract migration of api:2 \(0003-drop-mail\) has taken away what it needs; release an image that has this migration, or restore a backup from before it/;

test('M4 an undo across a contract migration is refused with the reason', async () => {
  const world = await contracted();
  const former = world.status.history?.find(({ image }) => image === 'api:1');
  assert.ok(former);
  annotate(world, 'undo', target(former));
  await world.rest();
  assert.is(world.status.lastCommand?.accepted, false);
  assert.match(world.status.lastCommand?.message ?? '', REFUSAL);
  assert.is(world.status.stable?.image, 'api:2');
});

test('M4 a spec that asks for a release from before a contract migration is refused with the reason, also with the status lost', async () => {
  const world = await contracted();
  world.server.edit('CryptoSenseEnvironment', 'shop', (object) => {
    object.status = {};
  });
  world.restart();
  world.release('api:1', { migrations: FIRST });
  await world.rest();
  assert.equal([world.status.stable?.image, podsOf(world, 'api:1')], ['api:2', 0]);
  assert.is(world.condition('RolledBack')?.reason, 'ReturnRefused');
  assert.match(world.condition('RolledBack')?.message ?? '', REFUSAL);
  assert.is(reasons(world).filter((reason) => reason === 'ReturnRefused').length, 1);
  assert.equal(world.cluster.broken, []);
});

test('M4 a later release with the same migrations can be returned from and to', async () => {
  const world = (await contracted()).release('api:3', { migrations: SECOND });
  await world.rest();
  assert.is(world.status.stable?.image, 'api:3');
  world.release('api:2', { migrations: SECOND });
  await world.rest();
  assert.is(world.status.stable?.image, 'api:2', world.status.summary);
});

test('M4 a contract migration waits for the gate like any other', async () => {
  const world = await serving();
  putBackup(world);
  world.release('api:2', { migrations: SECOND });
  await world.until(() => world.status.stable?.image === 'api:2');
  world.server.remove('CryptoSenseBackup', 'nightly');
  await world.rest();
  assert.equal([schema(world)?.status, schema(world)?.reason], ['False', 'WaitingForBackup']);
  assert.match(
    world.status.waitingFor?.[0]?.what ?? '',
    'The contract migration of api:2 (0003-drop-mail) needs a verified full backup',
  );
  assert.is(world.condition('Ready')?.status, 'True');
  assert.not.ok(world.cluster.ledger.applied.includes('0003-drop-mail'));
  putBackup(world);
  await world.rest();
  assert.ok(world.cluster.ledger.applied.includes('0003-drop-mail'));
});

test('M4 a contract that is manual runs when the annotation names the release that serves, and not for another', async () => {
  const world = (await serving({ gate: 'none', contract: 'manual' })).release('api:2', {
    migrations: SECOND,
  });
  await world.rest();
  const { stable } = world.status;
  assert.ok(stable);
  assert.match(schema(world)?.message ?? '', `cryptosense.io/contract=${target(stable)}`);
  annotate(world, 'contract', `1-${stable.revision}`);
  await world.rest();
  assert.not.ok(world.cluster.ledger.applied.includes('0003-drop-mail'));
  annotate(world, 'contract', target(stable));
  await world.rest();
  assert.ok(world.cluster.ledger.applied.includes('0003-drop-mail'));
});

test('a contract migration that fails leaves the release serving and says what to do', async () => {
  const world = (await serving({ gate: 'none' })).release('api:2', { migrations: SECOND });
  await world.until(() => world.status.stable?.image === 'api:2');
  world.cluster.releases.set('api:2', { migrates: false, migrations: SECOND });
  await world.rest();
  assert.equal([schema(world)?.status, schema(world)?.reason], ['False', 'ContractFailed']);
  assert.match(
    schema(world)?.message ?? '',
    /column is missing\. The release serves as before; delete the Job to try it again/,
  );
  assert.is(world.condition('Ready')?.status, 'True');
  assert.is(world.status.stable?.image, 'api:2');
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

test('M5 a release waits for the contract migration of the one before, too', async () => {
  const world = (await serving({ gate: 'none' })).release('api:2', { migrations: SECOND });
  await world.until(() => world.status.stable?.image === 'api:2');
  world.cluster.isDatabaseSlow = true;
  await world.until(() => jobs(world).includes('shop-contract'));
  world.release('api:3', { migrations: SECOND });
  await world.rest();
  assert.match(world.status.summary ?? '', 'api:3 waits for the migration of api:2, which runs');
  world.cluster.isDatabaseSlow = false;
  await world.rest();
  assert.is(world.status.stable?.image, 'api:3');
});

test('the rollback window does not pass while the environment is paused', async () => {
  const world = (await serving({ gate: 'none' })).release('api:2', { migrations: SECOND });
  await world.until(() => world.status.stable?.image === 'api:2' && world.status.retired === undefined);
  await world.until(() => world.server.list('EndpointSlice').length === 1);
  const pause = (paused: boolean) =>
    world.edit((spec) => {
      spec.paused = paused;
    });
  pause(true);
  await world.settle();
  world.now += 3_600_000;
  pause(false);
  await world.settle();
  assert.not.ok(jobs(world).includes('shop-contract'));
  await world.rest();
  assert.ok(jobs(world).includes('shop-contract'));
});

test.run();
