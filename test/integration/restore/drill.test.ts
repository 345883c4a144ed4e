import { rm } from 'node:fs/promises';
import * as assert from 'uvu/assert';
import { parseResult, type Restored, type RestoreResult } from '../../../operator/restore/result.ts';
import type { Target } from '../../../operator/restore/world.ts';
import { suite } from '../../harness/suite.ts';
import { BackupWorld, BUCKET } from '../backup/world.ts';

const test = suite('Restores of a real database');
let world: BackupWorld;

/** When the transaction with a row had ended, and no later one had begun. */
const moments = new Map<number, string>();

async function insert(n: number): Promise<void> {
  await world.query(`insert into price_history values (clock_timestamp(), ${n})`);
  const now = `to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
  moments.set(n, await world.query(`select ${now}`));
}

interface Drilled {
  exitCode: number;
  result: RestoreResult | undefined;
  output: string;
}

async function drill(target: Target, env: Record<string, string> = {}): Promise<Drilled> {
  const file = '/tmp/result';
  await world.exec(['rm', '-f', file]);
  const variables = { RESTORE_TARGET: JSON.stringify(target), RESULT_FILE: file, ...env };
  const { exitCode, output } = await world.program(['drill'], variables);
  const said = await world.exec(['cat', file]);
  return { exitCode, result: parseResult(said.output), output: `${said.output}\n${output}` };
}

async function restored(target: Target): Promise<Restored> {
  const { result, output } = await drill(target);
  assert.is(result?.outcome, 'restored', output);
  return result as Restored;
}

async function refused(target: Target): Promise<string> {
  const { result, exitCode, output } = await drill(target);
  assert.is(exitCode, 1, output);
  assert.is(result?.outcome, 'refused', output);
  return result?.outcome === 'refused' ? `${result.reason}: ${result.message}` : '';
}

async function take(name: string): Promise<void> {
  const { exitCode, output } = await world.program(['take', 'full', name]);
  assert.is(exitCode, 0, output);
}

test.before(async () => {
  world = await BackupWorld.start({ name: 'restored' });
  await world.query('create table price_history (timestamp timestamptz not null, n int primary key)');
  await world.startAgent();
  await insert(0);
  await take('older');
  for (const n of [1, 2, 3]) await insert(n);
  await world.query("select pg_create_restore_point('before-the-fourth')");
  await insert(4);
  await take('newer');
  await insert(5);
  await world.archived();
});
test.after(() => world?.stop());

test('the newest state has every row, and its figures are those of the database', async () => {
  const result = await restored({});
  assert.is(result.rows, 6);
  assert.is(result.tables, 1);
  assert.is(Math.abs(Date.parse(result.newestRow ?? '') - Date.parse(moments.get(5) ?? '')) < 1000, true);
  assert.ok(Math.abs(Date.parse(result.recoveryPoint) - Date.parse(moments.get(5) ?? '')) < 1000);
  assert.ok(Number(await world.query('select pg_database_size(current_database())')) < result.bytes);
  const order = [result.startedAt, result.restoredAt, result.answeredAt, result.checkedAt].map(Date.parse);
  assert.equal(order, [...order].sort());
});

test('a moment between two transactions has the first and not the second', async () => {
  assert.is((await restored({ time: moments.get(2) as string })).rows, 3);
  const before = (await restored({ time: moments.get(3) as string })).rows;
  assert.is(before, 4);
});

test('a named point and a position lead to what was there then', async () => {
  assert.is((await restored({ name: 'before-the-fourth' })).rows, 4);
  const lsn = await world.query('select pg_current_wal_lsn()');
  await insert(6);
  await world.archived();
  assert.is((await restored({ lsn })).rows, 6);
  assert.is((await restored({})).rows, 7);
});

test('an older backup restores to its own end', async () => {
  const { status } = (await world.record('older')) ?? {};
  assert.is((await restored({ backup: status?.label as string })).rows, 1);
});

test('what cannot be reached is refused with what can, before anything is restored', async () => {
  const { status } = (await world.record('older')) ?? {};
  const early = new Date(Date.parse(status?.startedAt ?? '') - 60_000).toISOString();
  assert.match(await refused({ time: early }), /^BeforeOldestBackup: .*possible is 20/);
  const late = new Date(Date.parse(moments.get(6) ?? '') + 1000).toISOString();
  assert.match(await refused({ time: late }), /^BeyondArchive: .*leave the target out for the newest state/);
  assert.match(await refused({ lsn: 'FF/0' }), /^BeyondArchive: .*possible is/);
  assert.match(await refused({ lsn: '0/1' }), /^BeforeOldestBackup/);
  assert.match(await refused({ name: 'never-made' }), /^UnknownName: .*there are .*before-the-fourth/);
  assert.match(await refused({ backup: 'never-made' }), /^UnknownBackup: .*there are/);
});

test('a storage that is away is no result: the same drill may come to a good end later', async () => {
  world.storage.door = 'shut';
  const { result, exitCode, output } = await drill({});
  world.storage.door = 'open';
  assert.is(exitCode, 75, output);
  assert.is(result, undefined);
});

test('a damaged segment of the log is found, and one that is missing', async () => {
  const files = await world.storage.files(BUCKET);
  const log = files.filter((file) => /archive\/.*\/[0-9A-F]{24}-[0-9a-f]+/.test(file));
  const { status } = (await world.record('newer')) ?? {};
  const needed = log.find((file) => file.includes(`/${status?.walStart}-`));
  assert.ok(needed, log.join('\n'));
  await world.storage.flipByte(BUCKET, needed);
  const damaged = await drill({});
  assert.is(damaged.exitCode, 1, damaged.output);
  assert.match(damaged.output, /"reason":"Damaged","message":"the archived log is damaged/);
  await world.storage.flipByte(BUCKET, needed);
  // The last but one: behind the end of the backup, and before what is known to be archived.
  const later = log.at(-2) ?? '';
  assert.ok(later.includes('/00000001') && later > needed, log.join('\n'));
  await rm(world.storage.pathOf(BUCKET, later));
  const gap = await drill({});
  assert.is(gap.exitCode, 1, gap.output);
  assert.match(gap.output, /"reason":"Damaged","message":"the archived log of restored-1 has a gap after/);
});

test('the restored database wrote nothing into the archive that it came from', async () => {
  const files = await world.storage.files(BUCKET);
  assert.equal(
    files.filter((file) => /\/00000002[0-9A-F]{16}|\/0000000\d\.history/.test(file)),
    [],
  );
});

test.run();
