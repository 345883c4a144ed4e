import * as assert from 'uvu/assert';
import { conditionOf } from '../../../operator/backup/record.ts';
import { suite } from '../../harness/suite.ts';
import { BackupWorld, BUCKET } from './world.ts';

const test = suite('Backups of a real database');
let world: BackupWorld;

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
  const ran = await world.program(['take', 'full', 'first']);
  const said = await verdicts('first');
  assert.is(ran.exitCode, 0, `${ran.output}\n${JSON.stringify(said)}`);
  says(said.completed ?? '', /^True: /);
  says(said.verified ?? '', /^True: A restore of it .* 1 tables with 1000 rows, the newest of /);
  const { status } = (await world.record('first')) ?? {};
  assert.is(status?.restorePoint?.archived, true);
  assert.match(status?.walStart ?? '', /^[0-9A-F]{24}$/);
  assert.ok((status?.sizeBytes ?? 0) > 1_000_000, 'it has the size that it has in the bucket');
});

test('a dump gets its name when it is whole, and loads into an empty database', async () => {
  const ran = await world.program(['take', 'dump', 'portable']);
  const said = await verdicts('portable');
  assert.is(ran.exitCode, 0, `${ran.output}\n${JSON.stringify(said)}`);
  says(said.verified ?? '', /^True: .* 1 tables with 1000 rows/);
  const files = await world.keys();
  assert.ok(files.some((key) => /dumps\/cryptosense_backup_\d{8}_\d{6}\.sql\.gz\.enc$/.test(key)));
  assert.not(files.some((key) => key.includes('/unfinished/')));
});

test.run();
