import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import * as assert from 'uvu/assert';
import { TRY_AGAIN } from '../../../app/migrations/failure.ts';
import type { Result } from '../../../app/migrations/result.ts';
import { suite } from '../../harness/suite.ts';
import { Containers, databaseUrl } from '../containers.ts';
import { eventually } from '../processes.ts';

const test = suite('the steps of a migration on PostgreSQL');
const containers = new Containers();
let url = '';
let poolerUrl = '';
let sql: postgres.Sql;

const main = join(import.meta.dirname, '../../../app/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'cryptosense-steps-'));

const ROWS = 20_000;

/** A release that renames a column as one has to: add and copy, then, later, take away. */
const RENAMED = {
  '0001-accounts.sql': `-- reversible
create table accounts (id int primary key, mail text not null);
insert into accounts select i, 'user' || i || '@example.com' from generate_series(1, ${ROWS}) i;`,
  '0001-accounts.down.sql': 'drop table accounts;',
  '0002-email.sql': `-- reversible
alter table accounts add column email text;
update accounts set email = mail;
alter table accounts alter column mail drop not null;`,
  '0002-email.down.sql': `update accounts set mail = email where mail is null;
alter table accounts alter column mail set not null;
alter table accounts drop column email;`,
  '0003-drop-mail.sql': `-- contract, reversible
alter table accounts drop column mail;`,
  '0003-drop-mail.down.sql': `alter table accounts add column mail text;
update accounts set mail = email;`,
  '0004-email-index.sql': `-- no transaction, reversible
create index concurrently if not exists accounts_email on accounts (email);`,
  '0004-email-index.down.sql': 'drop index concurrently if exists accounts_email;',
};

/** What an image has: the migrations of RENAMED up to this number, and these besides. */
function image(name: string, upTo: number, more: Record<string, string> = {}): string {
  const files = { ...RENAMED, ...more };
  const at = mkdtempSync(join(folder, `${name}-`));
  for (const [file, text] of Object.entries(files))
    if (Number.parseInt(file, 10) <= upTo || file in more) writeFileSync(join(at, file), text);
  return at;
}

interface Ended {
  code: number | null;
  said: Result;
}

interface Run {
  child: ChildProcess;
  ended: Promise<Ended>;
}

let runs = 0;

/** `node app/main.ts migrate …`, as the Job's container runs it. */
function begin(migrations: string, args: string[] = [], variables: Record<string, string> = {}): Run {
  runs += 1;
  const file = join(folder, `result-${runs}`);
  writeFileSync(file, '');
  const env = {
    NODE_ENV: 'production',
    MIGRATION_DATABASE_URL: url,
    MIGRATIONS_DIR: migrations,
    MIGRATION_RESULT_FILE: file,
    MIGRATION_DEADLINE_SECONDS: '60',
    ...variables,
  };
  const child = spawn(process.execPath, [main, 'migrate', ...args], { env, stdio: 'ignore' });
  const ended = new Promise<Ended>((resolve) => {
    child.once('exit', (code) => {
      const text = readFileSync(file, 'utf8');
      resolve({ code, said: text === '' ? ({} as Result) : (JSON.parse(text) as Result) });
    });
  });
  return { child, ended };
}

const migrate = (migrations: string, args: string[] = [], variables: Record<string, string> = {}) =>
  begin(migrations, args, variables).ended;

async function columns(): Promise<string[]> {
  const rows = await sql`
    select column_name from information_schema.columns where table_name = 'accounts' order by ordinal_position`;
  return rows.map((row) => String(row.column_name));
}

async function applied(): Promise<string[]> {
  const rows = await sql`select number from schema_migrations order by applied_at`;
  return rows.map((row) => String(row.number));
}

/** An empty database. */
async function empty(): Promise<void> {
  await sql.unsafe('drop schema public cascade; create schema public;');
}

/** Somebody else's transaction that holds a lock, until it is let go. */
async function holding(statement: string): Promise<() => Promise<void>> {
  const held = Promise.withResolvers<void>();
  const let_go = Promise.withResolvers<void>();
  const other = postgres(url, { max: 1, onnotice: () => {} });
  const transaction = other.begin(async (tx) => {
    await tx.unsafe(statement);
    held.resolve();
    await let_go.promise;
  });
  await held.promise;
  return async () => {
    let_go.resolve();
    await transaction;
    await other.end();
  };
}

test.before(async () => {
  const database = await containers.startDatabase();
  url = databaseUrl(database);
  poolerUrl = databaseUrl(await containers.startPooler());
  sql = postgres(url, { max: 2, onnotice: () => {} });
});
test.after(async () => {
  await sql?.end();
  await containers.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('report says what is pending and changes nothing, not even in an empty database', async () => {
  await empty();
  const { code, said } = await migrate(image('all', 4), ['report']);
  assert.is(code, 0);
  assert.equal(said, {
    fresh: true,
    newest: 4,
    pending: { expand: ['0001-accounts', '0002-email', '0004-email-index'], contract: ['0003-drop-mail'] },
    applied: [],
    irreversible: [],
  });
  const [{ count } = { count: -1 }] =
    await sql`select count(*)::int as count from pg_tables where schemaname = 'public'`;
  assert.is(count, 0);
});

test('an empty database gets everything at once, as nobody needs what it could lose', async () => {
  await empty();
  const { code, said } = await migrate(image('all', 4));
  assert.is(code, 0);
  assert.equal(said.pending, { expand: [], contract: [] });
  assert.equal(await columns(), ['id', 'email']);
});

test('expand leaves the old release what it needs, contract takes it away, and down brings it back with its data', async () => {
  await empty();
  await migrate(image('old', 1));
  const first = await migrate(image('new', 4));
  assert.equal(first.said.applied, ['0002-email', '0004-email-index']);
  assert.equal(first.said.pending, { expand: [], contract: ['0003-drop-mail'] });
  assert.equal(await columns(), ['id', 'mail', 'email']);
  // The old release still writes as it always did.
  await sql`insert into accounts (id, mail) values (0, 'old@example.com')`;
  await sql`update accounts set email = mail where email is null`;

  const second = await migrate(image('new', 4), ['contract']);
  assert.equal(second.said.applied, ['0003-drop-mail']);
  assert.equal(await columns(), ['id', 'email']);
  assert.equal(await applied(), ['1', '2', '4', '3']);

  assert.is((await migrate(image('new', 4), ['down', '1'])).code, 0);
  assert.equal(await columns(), ['id', 'mail']);
  const [{ count, mail } = {}] = await sql`
    select count(*)::int as count, min(mail) filter (where id = 0) as mail from accounts`;
  assert.is(count, ROWS + 1);
  assert.is(mail, 'old@example.com');
  assert.is((await migrate(image('new', 4))).code, 0);
  assert.equal(await columns(), ['id', 'mail', 'email']);
});

test('contract waits for its own expand, and says so', async () => {
  await empty();
  await migrate(image('old', 1));
  const { code, said } = await migrate(image('new', 4), ['contract']);
  assert.is(code, 1);
  assert.match(
    said.error ?? '',
    '0002-email is not applied yet: contract migrations only run after the others',
  );
});

test('a release that lacks a contract migration which was applied is refused by name', async () => {
  await empty();
  await migrate(image('new', 4));
  for (const args of [['report'], []]) {
    const { code, said } = await migrate(image('old', 2), args);
    assert.is(code, 1);
    assert.match(
      said.error ?? '',
      'The contract migration 0003-drop-mail has taken away what this release may need',
    );
  }
});

test('M1 a migration takes effect once even if its Job runs twice, at once or after kill -9, and the ledger stays right', async () => {
  await empty();
  await migrate(image('old', 1));
  const slow = {
    '0005-counted.sql':
      "-- irreversible: it adds up\nupdate accounts set email = email || '+' where id = 1;\nselect pg_sleep(3);",
  };
  const files = image('slow', 4, slow);
  const name = { MIGRATION_RUN: 'shop-migrate-1' };
  const killed = begin(files, [], name);
  const sleeping = async () => {
    const rows =
      await sql`select 1 from pg_stat_activity where query like '%pg_sleep(3)%' and pid <> pg_backend_pid()`;
    return rows.length > 0;
  };
  await eventually('the slow file runs', sleeping, 30_000);
  killed.child.kill('SIGKILL');
  await killed.ended;
  // Kubernetes starts the next pod at once, and somebody else a second Job.
  const [one, two] = await Promise.all([
    migrate(files, [], name),
    migrate(files, [], { MIGRATION_RUN: 'other' }),
  ]);
  assert.equal([one.code, two.code], [0, 0]);
  const [{ email } = {}] = await sql`select email from accounts where id = 1`;
  assert.is(email, 'user1@example.com+');
  assert.equal(await applied(), ['1', '2', '4', '5']);
  // What the killed one had applied is the run's, whoever ends it.
  assert.ok(one.said.applied.includes('0002-email'), JSON.stringify(one.said));
  assert.ok(one.said.applied.length + two.said.applied.length === 3, JSON.stringify([one.said, two.said]));
  const checksums = await sql`select distinct checksum from schema_migrations`;
  assert.is(checksums.length, 4);
});

test('M2 a migration that fails leaves the last file that was complete, and its last words say which one failed and why', async () => {
  await empty();
  await migrate(image('old', 1));
  const broken = {
    '0005-broken.sql': '-- reversible\ncreate table half (id int);\nselect nonsense;',
    '0005-broken.down.sql': '',
  };
  const { code, said } = await migrate(image('broken', 4, broken));
  assert.is(code, 1);
  assert.equal(said.applied, ['0002-email', '0004-email-index']);
  assert.match(
    said.error ?? '',
    /^0005-broken failed: column "nonsense" does not exist \(SQLSTATE 42703\); nothing of it was applied/,
  );
  assert.equal(await applied(), ['1', '2', '4']);
  assert.is((await sql`select to_regclass('half') as half`)[0]?.half, null);
});

test('a table that others use is waited for for 5 s, not for ever, and the run may be tried again', async () => {
  await empty();
  await migrate(image('old', 1));
  const release = await holding('select * from accounts limit 1');
  const began = performance.now();
  const { code, said } = await migrate(image('new', 4));
  await release();
  assert.is(code, TRY_AGAIN);
  assert.match(
    said.error ?? '',
    '0002-email failed: it did not get its locks in time, as others use what it changes',
  );
  const ms = performance.now() - began;
  assert.ok(ms > 4_500 && ms < 15_000, `${ms} ms`);
  assert.is((await migrate(image('new', 4))).code, 0);
});

test('a statement that runs for longer than the deadline is ended by PostgreSQL', async () => {
  await empty();
  const endless = { '0002-endless.sql': '-- irreversible: never ends\nselect pg_sleep(600);' };
  const { code, said } = await migrate(image('endless', 1, endless), [], { MIGRATION_DEADLINE_SECONDS: '2' });
  assert.is(code, 1);
  assert.match(said.error ?? '', '0002-endless failed: a statement of it ran for too long');
});

test('an index whose building was cut off is left INVALID, and the next run replaces it by a good one', async () => {
  await empty();
  await migrate(image('old', 2));
  // Duplicates make a unique index fail in the middle: what it leaves is what a killed run leaves.
  await sql`update accounts set email = 'same@example.com' where id in (1, 2)`;
  const unique = {
    '0003-unique.sql':
      '-- no transaction, reversible\ncreate unique index concurrently if not exists accounts_unique on accounts (email);',
    '0003-unique.down.sql': 'drop index concurrently if exists accounts_unique;',
  };
  const at = image('unique', 2, unique);
  const failed = await migrate(at);
  assert.is(failed.code, 1);
  assert.match(
    failed.said.error ?? '',
    /0003-unique failed: could not create unique index.*the next run repeats it/,
  );
  const valid = async () =>
    (await sql`select indisvalid from pg_index where indexrelid = to_regclass('accounts_unique')`)[0];
  assert.is((await valid())?.indisvalid, false);
  await sql`update accounts set email = 'one@example.com' where id = 1`;
  assert.is((await migrate(at)).code, 0);
  assert.is((await valid())?.indisvalid, true);
  assert.equal(await applied(), ['1', '2', '3']);
});

test('a run that waits for another one does not keep it from building an index', async () => {
  await empty();
  await migrate(image('old', 2));
  const at = image('index', 2, {
    '0003-index.sql':
      '-- no transaction, reversible\ncreate index concurrently if not exists accounts_i on accounts (email);',
    '0003-index.down.sql': 'drop index concurrently if exists accounts_i;',
  });
  // An older transaction holds the first one up while the others are waiting for it.
  const release = await holding('update accounts set email = email where id = 3');
  const all = [1, 2, 3].map(() => migrate(at));
  await eventually(
    'the index is being built',
    async () => (await sql`select 1 from pg_stat_progress_create_index`).length > 0,
    20_000,
  );
  const waiting = async () => {
    const rows = await sql`
      select 1 from pg_stat_activity
      where application_name = 'cryptosense-migrate' and query like '%advisory_lock%'`;
    return rows.length === 2;
  };
  await eventually('the two others wait for the first', waiting, 30_000);
  await release();
  const ended = await Promise.all(all);
  assert.equal(
    ended.map(({ code }) => code),
    [0, 0, 0],
  );
  assert.is(ended.flatMap(({ said }) => said.applied).length, 1);
});

test('through PgBouncer a migration is refused with a sentence, and nothing is changed', async () => {
  await empty();
  for (const args of [['report'], [], ['contract']]) {
    const { code, said } = await migrate(image('all', 4), args, { MIGRATION_DATABASE_URL: poolerUrl });
    assert.is(code, 1);
    assert.match(
      said.error ?? '',
      'MIGRATION_DATABASE_URL leads to PgBouncer: a migration needs PostgreSQL itself',
    );
  }
  assert.is((await sql`select to_regclass('schema_migrations') as ledger`)[0]?.ledger, null);
});

test('a ledger of an earlier release is read, and gets what it lacks', async () => {
  await empty();
  await migrate(image('old', 1));
  await sql`alter table schema_migrations drop column kind, drop column run`;
  const report = await migrate(image('new', 4), ['report']);
  assert.equal(report.said.pending, {
    expand: ['0002-email', '0004-email-index'],
    contract: ['0003-drop-mail'],
  });
  assert.is(report.said.fresh, false);
  assert.is((await migrate(image('new', 4))).code, 0);
  const [last] = await sql`select kind from schema_migrations where number = 4`;
  assert.is(last?.kind, 'expand');
});

test('a command that does not exist is refused with those that do', async () => {
  const { code } = await migrate(image('all', 4), ['sideways']);
  assert.is(code, 1);
});

test.run();
