import { execa } from 'execa';
import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { BackupWorld, BUCKET } from '../backup/world.ts';
import { eventually } from '../processes.ts';
import { RecoveredDatabase } from './recovered.ts';

const test = suite('A new environment from the backups of a lost one');
let world: BackupWorld;
let middle = '';

test.before(async () => {
  world = await BackupWorld.start({ name: 'lost' });
  await world.query('create table price_history (timestamp timestamptz not null, n int primary key)');
  await world.query('alter table price_history owner to cryptosense');
  await world.query("alter system set work_mem = '5MB'");
  await world.startAgent();
  const insert = (n: number) => world.query(`insert into price_history values (clock_timestamp(), ${n})`);
  await insert(1);
  assert.is((await world.program(['take', 'full', 'nightly'])).exitCode, 0);
  await insert(2);
  middle = `${(await world.query("select clock_timestamp() at time zone 'utc'")).replace(' ', 'T')}Z`;
  await insert(3);
  const segment = await world.query('select pg_walfile_name(pg_switch_wal())');
  await eventually('the log is in the bucket', async () => {
    return (await world.query(`select last_archived_wal >= '${segment}' from pg_stat_archiver`)) === 't';
  });
  // The region is lost: what is left is the bucket.
  await execa('docker', ['rm', '--force', world.container]);
});
test.after(() => world?.stop());

async function recovered(
  options: Partial<Parameters<typeof RecoveredDatabase.start>[1]>,
  body: (database: RecoveredDatabase) => Promise<void>,
): Promise<void> {
  const { prefix } = world.settings;
  const database = await RecoveredDatabase.start(world.storage, { prefix, ...options });
  try {
    await body(database);
  } finally {
    await database.stop();
  }
}

test('has every row that was archived, its own passwords and its own name of the database', async () => {
  const before = await world.storage.files(BUCKET);
  await recovered({}, async (database) => {
    await database.answers();
    assert.is(await database.query('select count(*) from price_history'), '3');
    await database.query('insert into price_history values (now(), 4)');
    const old = 'postgresql://cryptosense:database-password@localhost/cryptosense_dev';
    const error = await database.query('select 1', old).catch((reason: Error) => reason.message);
    assert.match(error, /password authentication failed/);
    const settings =
      "select string_agg(name || '=' || setting, ' ' order by name) from pg_settings where name in";
    assert.is(
      await database.query(`${settings} ('restore_command', 'recovery_target_time', 'work_mem')`),
      'recovery_target_time= restore_command= work_mem=5120',
    );
    assert.is(await database.query('select pg_is_in_recovery()'), 'f');
    await database.killed();
    await database.answers();
    assert.is(await database.query('select count(*) from price_history'), '4');
  });
  assert.equal(await world.storage.files(BUCKET), before, 'it wrote into the archive that it came from');
});

test('up to a moment it has what was there then, and by its name the backup alone', async () => {
  await recovered({ target: { time: middle } }, async (database) => {
    await database.answers();
    assert.is(await database.query('select count(*) from price_history'), '2');
  });
  await recovered({ target: { backup: 'nightly' } }, async (database) => {
    await database.answers();
    assert.is(await database.query('select count(*) from price_history'), '1');
  });
});

test('what is impossible makes no database, and the log says what is possible', async () => {
  await recovered({ target: { time: '2020-01-01T00:00:00Z' } }, async (database) => {
    await database.ends();
    assert.match(
      await database.log(),
      /2020-01-01T00:00:00Z is before the end of the oldest backup; possible is 20/,
    );
  });
  await recovered({ passphrase: 'a wrong one' }, async (database) => {
    await database.ends();
    const log = await database.log();
    assert.ok(/the passphrase in encryptionSecret is not the one/.test(log), log);
  });
});

test('killed at any moment of the recovery, it is begun again and comes to the same end', async () => {
  for (const seen of ['restoring', 'is called cryptosense_dev here']) {
    await recovered({}, async (database) => {
      await eventually(`the log says ${seen}`, async () => (await database.log()).includes(seen));
      await database.killed();
      await database.answers();
      assert.is(await database.query('select count(*) from price_history'), '3');
    });
  }
});

test.run();
