import * as assert from 'uvu/assert';
import { conditionOf } from '../../../operator/backup/record.ts';
import { suite } from '../../harness/suite.ts';
import { BackupWorld, says } from './world.ts';

const test = suite('Backups of a real database');
let world: BackupWorld;
/** As the schedule names them: what somebody asked for would be kept longer. */
const FULL = 'shop-full-20261122-0200';
const DUMP = 'shop-dump-20261122-0200';

test.before(async () => {
  world = await BackupWorld.start();
  await world.fill(1000);
  await world.startAgent();
});
test.after(() => world?.stop());

async function verdicts(name: string): Promise<Record<string, string>> {
  const record = await world.record(name);
  const of = (type: string) => {
    const { status, message } = (record && conditionOf(record.status, type)) ?? {};
    return `${status}: ${message}`;
  };
  return { completed: of('Completed'), verified: of('Verified') };
}

test('a full backup is in the bucket, and a restore of it has answered', async () => {
  const ran = await world.program(['take', 'full', FULL]);
  const said = await verdicts(FULL);
  assert.is(ran.exitCode, 0, `${ran.output}\n${JSON.stringify(said)}`);
  says(said.completed ?? '', /^True: /);
  says(said.verified ?? '', /^True: A restore of it .* 1 tables with 1000 rows, the newest of /);
  const { status } = (await world.record(FULL)) ?? {};
  assert.is(status?.restorePoint?.archived, true);
  assert.match(status?.walStart ?? '', /^[0-9A-F]{24}$/);
  assert.ok((status?.sizeBytes ?? 0) > 1_000_000, 'it has the size that it has in the bucket');
});

test('a dump gets its name when it is whole, and loads into an empty database', async () => {
  const ran = await world.program(['take', 'dump', DUMP]);
  const said = await verdicts(DUMP);
  assert.is(ran.exitCode, 0, `${ran.output}\n${JSON.stringify(said)}`);
  says(said.verified ?? '', /^True: .* 1 tables with 1000 rows/);
  const files = await world.keys();
  assert.ok(files.some((key) => /dumps\/cryptosense_backup_\d{8}_\d{6}\.sql\.gz\.enc$/.test(key)));
  assert.not(files.some((key) => key.includes('/unfinished/')));
});

test('a slot is taken once, and leaves what retention keeps', async () => {
  await world.writeFiles({ settings: { retention: { daily: 1, weekly: 0, monthly: 0 } } });
  const slot = Date.parse('2026-11-23T02:00:00Z');
  const env = { CRON_JOB_NAME: 'shop-backup', JOB_NAME: `shop-backup-${slot / 60_000}` };
  const labels = async () => {
    const { output } = await world.exec(['pgbackrest-repository.sh', '--output=json', 'info']);
    const [info] = JSON.parse(output) as { backup: { label: string }[] }[];
    return info?.backup.map(({ label }) => label) ?? [];
  };
  const before = await labels();
  const ran = await world.program(['scheduled'], env);
  assert.is(ran.exitCode, 0, ran.output);
  const after = await labels();
  assert.is(after.length, 1, 'of one day the newest full is kept');
  assert.not(before.includes(after[0] ?? ''));
  const keys = (await world.keys()).filter((key) => /\/(records|dumps)\//.test(key));
  assert.equal(keys.filter((key) => key.includes('/records/')).sort(), [
    'market/shop/records/shop-dump-20261123-0200.json',
    'market/shop/records/shop-full-20261123-0200.json',
  ]);
  assert.is(keys.filter((key) => key.includes('/dumps/')).length, 1);
  const again = await world.program(['scheduled'], env);
  assert.is(again.exitCode, 0, again.output);
  assert.equal(await labels(), after, 'the second try of the slot took nothing');
});

test('nobody without the passphrase gets a backup taken', async () => {
  const request = ['curl', '-s', '-X', 'POST', '-d', '{"name":"x","timeoutMs":1000}'];
  const headers = ['-H', `x-time: ${Date.now()}`, '-H', 'x-signature: 00'];
  const { output } = await world.exec([...request, ...headers, 'http://localhost:8432/full']);
  says(output, /not signed with the passphrase/);
});

test.run();
