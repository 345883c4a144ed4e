import { rm, truncate } from 'node:fs/promises';
import * as assert from 'uvu/assert';
import { conditionOf } from '../../../operator/backup/record.ts';
import { suite } from '../../harness/suite.ts';
import { eventually } from '../processes.ts';
import { BackupWorld, BUCKET, PASSPHRASE, says } from './world.ts';

const test = suite('Damage to backups is found, and said in one sentence');
let world: BackupWorld;

test.before(async () => {
  world = await BackupWorld.start();
  await world.fill(1000);
  await world.startAgent();
});
test.after(() => world?.stop());

/** Takes a backup that is good, or fails. */
async function take(type: 'full' | 'dump', name: string): Promise<void> {
  const { exitCode, output } = await world.program(['take', type, name]);
  assert.is(exitCode, 0, output);
}

/** Restores it once more, and gives what its record says then. */
async function verdict(name: string, type: 'Completed' | 'Verified'): Promise<string> {
  const record = await world.record(name);
  const condition = record && conditionOf(record.status, type);
  return `${condition?.status} ${condition?.reason}: ${condition?.message}`;
}

async function verifiedAgain(name: string): Promise<string> {
  const { exitCode } = await world.program(['verify', name]);
  assert.is(exitCode, 1);
  return verdict(name, 'Verified');
}

const isSentence = (text: string) => {
  says(text, /^False \w+: \S[^\n]*\.$/);
  assert.not.match(text, /\n {4}at /);
};

test('a flipped byte in the files of a full backup', async () => {
  await take('full', 'flipped');
  const { label = '' } = (await world.record('flipped'))?.status ?? {};
  const files = await world.storage.files(BUCKET);
  const bundle = files.find((key) => key.includes(`${label}/bundle/`));
  assert.ok(bundle, 'the backup has a bundle of files');
  await world.storage.flipByte(BUCKET, bundle as string);
  const said = await verifiedAgain('flipped');
  isSentence(said);
  says(said, /checksum|corruption|cipher|invalid/i);
});

test('a segment of the log that is missing', async () => {
  await take('full', 'holed');
  const { walStop = '' } = (await world.record('holed'))?.status ?? {};
  const files = await world.storage.files(BUCKET);
  for (const key of files.filter((file) => file.includes(`/${walStop}-`)))
    await rm(world.storage.pathOf(BUCKET, key));
  const said = await verifiedAgain('holed');
  isSentence(said);
  says(said, /PostgreSQL does not start on it/);
});

test('a dump that was cut off in the bucket', async () => {
  await take('dump', 'cut');
  const { key = '' } = (await world.record('cut'))?.status ?? {};
  await truncate(world.storage.pathOf(BUCKET, key), 600);
  const said = await verifiedAgain('cut');
  isSentence(said);
  says(said, /cut off|damaged|bytes/);
});

test('a dump of which a byte was flipped', async () => {
  await take('dump', 'bitrot');
  const { key = '' } = (await world.record('bitrot'))?.status ?? {};
  await world.storage.flipByte(BUCKET, key);
  isSentence(await verifiedAgain('bitrot'));
});

test('a dump whose pg_dump died gets no name and leaves nothing', async () => {
  const before = await world.keys();
  await world.query('alter table prices owner to postgres');
  const { exitCode } = await world.program(['take', 'dump', 'denied']);
  assert.is(exitCode, 1);
  const said = await verdict('denied', 'Completed');
  isSentence(said);
  says(said, /pg_dump ended with 1: .*permission denied for table prices/);
  const added = (await world.keys()).filter((key) => !before.includes(key));
  assert.equal(added, ['market/shop/records/denied.json']);
  await world.query('alter table prices owner to cryptosense');
});

test('a passphrase that is not the one of the repository', async () => {
  await world.writeFiles({ passphrase: 'another passphrase' });
  const { exitCode } = await world
    .program(['take', 'full', 'stranger'])
    .finally(() => world.writeFiles({ passphrase: PASSPHRASE }));
  assert.is(exitCode, 1);
  const said = await verdict('stranger', 'Completed');
  isSentence(said);
  says(said, /spec\.backup\.encryptionSecret/);
  assert.not.match(JSON.stringify(await world.record('stranger')), /another passphrase/);
});

test('a bucket that keeps no versions', async () => {
  await world.storage.switchVersions(BUCKET, 'Suspended');
  const { exitCode } = await world.program(['take', 'full', 'unversioned']);
  assert.is(exitCode, 1);
  isSentence(await verdict('unversioned', 'Completed'));
  says(await verdict('unversioned', 'Completed'), /keeps no versions.*switch versioning on/);
  await world.storage.switchVersions(BUCKET, 'Enabled');
});

test('a storage that is away: the archive says so at once, and loses nothing', async () => {
  world.storage.door = 'shut';
  await world.query("insert into prices values ('ETH', 1); select pg_switch_wal()");
  await eventually(
    'the agent says that archiving fails',
    async () => {
      const { lastFailedAt, lastArchivedAt = '' } = (await world.archive()) ?? {};
      return typeof lastFailedAt === 'string' && lastFailedAt > String(lastArchivedAt);
    },
    120_000,
  );
  world.storage.door = 'open';
  await eventually(
    'what waited is archived',
    async () => (await world.archive())?.waiting === 0,
    // A try takes up to 80 s, and after three of them PostgreSQL waits for a minute.
    180_000,
  );
});

test.run();
