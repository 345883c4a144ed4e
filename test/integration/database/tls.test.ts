import postgres from 'postgres';
import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { eventually } from '../processes.ts';
import { docker } from './docker.ts';
import { DatabaseGroup } from './group.ts';
import { CountingWriter } from './writer.ts';

const test = suite('TLS of the database');
const DATABASE = { members: 3, durability: 'strict' } as const;
// As one that was made before there was TLS, when its members have got their new form.
const group = new DatabaseGroup(DATABASE, { tls: false });
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

const ofEach = (query: string) => Promise.all(group.names.map((name) => group.ask(name, query)));
const started = () => ofEach('select pg_postmaster_start_time()::text');

/** What a member answers to a login of the application without TLS. */
async function plainly(name: string): Promise<string> {
  const login = await group.login({ host: await group.address(name), port: 5432 });
  const sql = postgres({ ...login, ssl: false, max: 1, connect_timeout: 3 });
  try {
    await sql`select 1`;
    return 'welcome';
  } catch (error) {
    return (error as Error).message;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Whether PgBouncer reaches the database. */
async function reaches(): Promise<boolean> {
  const sql = postgres({ ...(await group.login()), max: 1, prepare: false, connect_timeout: 3 });
  try {
    return (await sql`select 1 as one`)[0]?.one === 1;
  } catch {
    return false;
  } finally {
    await sql.end({ timeout: 0 });
  }
}

test('members of a database from before serve TLS, and let in who connects without it', async () => {
  for (const name of group.names) assert.is(await plainly(name), 'welcome', name);
  assert.equal(
    (await group.members()).map(({ tls }) => tls),
    [true, true, true],
  );
});

test('to require TLS restarts nothing, and every connection has it then', async () => {
  const [before, at] = [await started(), performance.now()];
  await group.requireTls();
  await eventually('every member has read the settings', async () =>
    (await group.members()).every(({ settings }) => settings === group.settings),
  );
  await group.healthy();
  // Replicas connect anew, and verify the primary: a write waits for one of them.
  assert.ok(writer.longestGap(at) < 5_000, `${writer.longestGap(at)} ms`);
  assert.equal(await started(), before);
  for (const name of group.names) assert.match(await plainly(name), /no encryption/, name);
  const connections =
    await ofEach(`select usename as user, ssl, version from pg_stat_ssl join pg_stat_activity using (pid)
    where client_addr is not null and pid <> pg_backend_pid()`);
  const found = connections.flat();
  assert.ok(
    found.every(({ ssl, version }) => ssl === true && version === 'TLSv1.3'),
    JSON.stringify(found),
  );
  for (const user of ['cryptosense', 'cryptosense_replication'])
    assert.ok(
      found.some((one) => one.user === user),
      `${user}: ${JSON.stringify(found)}`,
    );
  const verified = (await ofEach('select conninfo from pg_stat_wal_receiver')).flat();
  assert.is(verified.length, 2);
  for (const { conninfo } of verified) assert.match(conninfo, /sslmode=verify-full/);
  // It goes on writing while the rows are read.
  const confirmed = [...writer.confirmed];
  const rows = await group.ask(await group.primary(), 'select id::int from written');
  const there = new Set(rows.map(({ id }) => id));
  assert.equal(
    confirmed.filter(({ id }) => !there.has(id)),
    [],
  );
});

test('PgBouncer takes the database of its authority, and no other', async () => {
  await writer.stop();
  await group.restartPooler(new DatabaseGroup().authority);
  assert.not.ok(await reaches());
  assert.match(await docker('logs', group.container('pooler')), /TLS handshake|certificate verify failed/);
  await group.restartPooler();
  assert.ok(await reaches());
});

const DUE = `import sys
sys.path.insert(0, "/usr/local/lib/cryptosense/member")
import certificate
day = 86400
print([certificate.is_due(*case) for case in [(91 * day, "a", "a", 60 * day), (91 * day, "a", "a", 61 * day), (91 * day, "a", "a", 100 * day), (91 * day, "a", "b", 2 * day), (0, "a", "a", day)]])`;

test('a certificate is due a month before its end, and when there is another authority', async () => {
  const said = await group.shell('shop-database-0', `python3 -c '${DUE}'`);
  assert.is(said.trim(), '[False, True, True, True, True]');
});

/** Gives the member a certificate that was made 80 of its 90 days ago, in the way in which the member makes them. */
const AGED = `import sys
sys.path.insert(0, "/usr/local/lib/cryptosense/member")
import certificate
issue = certificate.issue
certificate.issue = lambda folder, now: issue(folder, now - 80 * certificate.DAY)
certificate.is_due = lambda *_: True
print(certificate.renew())`;

test('a certificate that nears its end is renewed, PostgreSQL shows the new one, and no query is lost', async () => {
  const primary = await group.healthy();
  const before = await started();
  writer = await CountingWriter.start(await group.login());
  const end = () =>
    group.shell(
      primary,
      'openssl s_client -connect $POD_IP:5432 -starttls postgres -CAfile /etc/cryptosense/authority/ca.crt -verify_return_error </dev/null 2>/dev/null | openssl x509 -noout -checkend 2592000 || true',
    );
  assert.match(await end(), /will not expire/);
  assert.match(
    await group.shell(primary, `python3 -c '${AGED}' && kill -HUP $(head -1 $PGDATA/postmaster.pid)`),
    /True/,
  );
  await eventually('the certificate of before is shown', async () => /will expire/.test(await end()));
  await eventually('a new certificate is shown', async () => /will not expire/.test(await end()), 60_000);
  assert.is(writer.failures, 0);
  assert.ok(writer.confirmed.length > 0);
  assert.equal(await started(), before);
});

test.run();
