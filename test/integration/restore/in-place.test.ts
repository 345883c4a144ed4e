import * as assert from 'uvu/assert';
import type { Target } from '../../../operator/restore/world.ts';
import { suite } from '../../harness/suite.ts';
import { BackupWorld } from '../backup/world.ts';
import { docker } from '../database/docker.ts';
import { DatabaseGroup } from '../database/group.ts';
import { imageOf } from '../images.ts';
import { eventually } from '../processes.ts';
import { MemberJob } from './member-job.ts';

const test = suite('A restore in place of a database with members');
const group = new DatabaseGroup({ members: 3 });
const FIRST = 'shop-database-0';
const GENERATION = '0a1b2c3d4e';
const FOLDER = '/var/lib/postgresql/data';
let world: BackupWorld;
let between = '';

test.before(async () => {
  world = await BackupWorld.start();
  await world.query('create table price_history (timestamp timestamptz not null, n int primary key)');
  await world.query('alter table price_history owner to cryptosense');
  await world.startAgent();
  const insert = (n: number) => world.query(`insert into price_history values (clock_timestamp(), ${n})`);
  await insert(1);
  assert.is((await world.program(['take', 'full', 'nightly'])).exitCode, 0);
  await insert(2);
  between = `${(await world.query("select clock_timestamp() at time zone 'utc'")).replace(' ', 'T')}Z`;
  await insert(3);
  const segment = await world.query('select pg_walfile_name(pg_switch_wal())');
  await eventually('the log is in the bucket', async () => {
    return (await world.query(`select last_archived_wal >= '${segment}' from pg_stat_archiver`)) === 't';
  });
  await group.start();
  await group.healthy();
  // Who is primary, and who may become it, is remembered of the former data: the restored one is led by member 0 all the same.
  const [row] = await group.ask(FIRST, 'select timeline_id from pg_control_checkpoint()');
  if ((await group.primary()) === FIRST)
    await group.annotate(FIRST, { 'cryptosense.io/switchover': `${row?.timeline_id}-` });
  await eventually('another member is primary', async () => (await group.primary()) !== FIRST);
  await group.ask(await group.healthy(), 'create table former (n int); insert into former values (1)');
});
test.after(async () => {
  await group.end();
  await world?.stop();
});

async function withJob<T>(target: Target, work: (job: MemberJob) => Promise<T>): Promise<T> {
  const job = await MemberJob.create(world, {
    volume: group.container(FIRST),
    generation: GENERATION,
    target,
  });
  try {
    return await work(job);
  } finally {
    await job.remove();
  }
}

const stopped = () => Promise.all(group.names.map((name) => group.deleteMember(name)));
const started = () => Promise.all(group.names.map((name) => group.startMember(name)));

async function tablesOf(name: string): Promise<string[]> {
  const rows = await group.ask(
    name,
    "select relname from pg_class where relname in ('former', 'price_history')",
  );
  return rows.map(({ relname }) => String(relname));
}

test('what is refused or cut off leaves the data as it was', async () => {
  await stopped();
  const refused = await withJob({ time: '2020-01-01T00:00:00Z' }, (job) => job.run());
  assert.is(refused.result?.outcome, 'refused', refused.output);
  await withJob({ time: between }, async (job) => {
    await job.start();
    // In the middle of it, or after it: nobody was told that it is done.
    await eventually('it has begun', async () => /unfinished|restored/.test(await looks()));
    await job.kill();
  });
  await started();
  const primary = await group.healthy();
  assert.equal(await tablesOf(primary), ['former']);
  assert.not.match(await files(FIRST), /unfinished|restored/);
  await stopped();
});

test('every member has the restored data, member 0 leads, and all are in step', async () => {
  const { result, output } = await withJob({ time: between }, (job) => job.run());
  assert.is(result?.outcome, 'restored', output);
  assert.is(result?.outcome === 'restored' && result.rows, 2);
  const { environment } = group;
  const database = { ...environment.spec.database, restored: GENERATION };
  group.environment = { ...environment, spec: { ...environment.spec, database } };
  await started();
  assert.is(await group.healthy(), FIRST);
  for (const name of group.names) {
    assert.equal(await tablesOf(name), ['price_history'], name);
    const rows = await group.ask(name, 'select n from price_history order by n');
    assert.equal(
      rows.map(({ n }) => n),
      [1, 2],
      name,
    );
  }
  const [checks] = await group.ask(
    FIRST,
    "select count(*)::int as n from pg_extension where extname = 'amcheck'",
  );
  assert.is(checks?.n, 0);
});

test('a member that restarts goes on with the restored data, and another one takes over', async () => {
  await group.deleteMember(FIRST);
  await group.startMember(FIRST);
  await group.healthy();
  for (const name of group.names) assert.equal(await tablesOf(name), ['price_history'], name);
});

test('the former data is beside the restored until it is no longer needed', async () => {
  for (const name of group.names) {
    assert.match(await files(name), new RegExp(`pgdata\\.before-${GENERATION}`));
    await group.annotate(name, { 'cryptosense.io/forget-former-data': GENERATION });
  }
  for (const name of group.names)
    await eventually(`${name} has removed it`, async () => !(await files(name)).includes('before'));
});

const files = (name: string) => group.shell(name, `ls ${FOLDER}`);

/** What is on the volume of member 0, which nobody has now. */
function looks(): Promise<string> {
  return docker(
    'run',
    '--rm',
    '--volume',
    `${group.container(FIRST)}:${FOLDER}`,
    imageOf('database'),
    'ls',
    FOLDER,
  );
}

test.run();
