import postgres from 'postgres';
import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { DatabaseGroup } from './group.ts';
import { operate } from './operated.ts';
import { assertNothingLost } from './survive.ts';
import { CountingWriter } from './writer.ts';

const test = suite('Changes of a database with members');
const group = new DatabaseGroup({ members: 3 });
let writer: CountingWriter;

test.before(async () => {
  await group.start();
  await group.healthy();
  writer = await CountingWriter.start(await group.login());
});
test.after(async () => {
  await writer?.stop();
  await group.end();
});

/** Makes the change under writes, and returns what was done; nothing that was confirmed is lost. */
async function changed(gapMs: number, change: () => Promise<void>): Promise<string[]> {
  await group.healthy();
  const from = performance.now();
  await change();
  const done = await operate(group);
  await group.healthy();
  const gap = writer.longestGap(from);
  console.log(
    `note: ${done.join(', ') || 'nothing restarted'}: ${Math.round(gap)} ms without a confirmed write`,
  );
  await assertNothingLost(group, writer);
  assert.ok(gap <= gapMs, `${Math.round(gap)} ms without a confirmed write, at most ${gapMs} are right`);
  return done;
}

async function everywhere(setting: string): Promise<unknown[]> {
  const rows = await Promise.all(group.names.map((name) => group.ask(name, `show ${setting}`)));
  return rows.map(([row]) => row?.[setting]);
}

test('what can be read at once restarts nobody', async () => {
  const done = await changed(1_000, () =>
    group.apply({ members: 3, parameters: { work_mem: '3MB', log_min_duration_statement: '250ms' } }),
  );
  assert.equal(done, []);
  assert.equal(await everywhere('work_mem'), ['3MB', '3MB', '3MB']);
});

test('a value is raised on replicas first, and the primary gets it when it hands over and starts as a replica', async () => {
  const primary = (await group.primary()).slice(-1);
  const done = await changed(4_000, () =>
    group.apply({ members: 3, parameters: { max_connections: '250' } }),
  );
  const others = ['2', '1', '0'].filter((name) => name !== primary).map((name) => `restart ${name}`);
  assert.equal(done, [...others, `switchover ${primary}`]);
  assert.equal(await everywhere('max_connections'), ['250', '250', '250']);
});

test('a value is lowered on the primary first, where it is', async () => {
  const primary = (await group.primary()).slice(-1);
  const done = await changed(8_000, () =>
    group.apply({ members: 3, parameters: { max_connections: '150' } }),
  );
  const others = ['2', '1', '0'].filter((name) => name !== primary).map((name) => `restart ${name}`);
  assert.equal(done, [`restart ${primary}`, ...others]);
  assert.equal(await everywhere('max_connections'), ['150', '150', '150']);
});

test('members get another form one by one, and the primary is the last', async () => {
  const from = performance.now();
  const primary = (await group.primary()).slice(-1);
  const done = await changed(4_000, async () => {
    group.revision = 'second';
  });
  const others = ['2', '1', '0'].filter((name) => name !== primary).map((name) => `replace ${name}`);
  assert.equal(done, [...others, `switchover ${primary}`, `replace ${primary}`]);
  // Each ended in good order: one that had to be killed would have taken its whole minute.
  assert.ok(performance.now() - from < 60_000);
});

test('reads go to a replica through PgBouncer, and nothing is written that way, not even to a new primary', async () => {
  const primary = await group.healthy();
  const replica = group.names.find((name) => name !== primary) ?? '';
  for (const [member, standby] of [
    [replica, true],
    [primary, false],
  ] as const) {
    await group.leadReadersTo(member);
    const login = { ...(await group.login()), database: 'cryptosense_dev_ro' };
    const sql = postgres({ ...login, max: 1, prepare: false, fetch_types: false, onnotice: () => {} });
    try {
      const [row] = await sql`select pg_is_in_recovery() as standby`;
      assert.is(row?.standby, standby, member);
      await sql`create table written (id int)`.then(
        () => assert.unreachable(`${member} was written to`),
        (error: Error) => assert.match(error.message, /read-only transaction/),
      );
    } finally {
      await sql.end({ timeout: 1 });
    }
  }
});

test.run();
