import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import * as assert from 'uvu/assert';
import winston from 'winston';
import { fixedUrl, urlInFile } from '../../../app/connection-url.ts';
import { readMigrations } from '../../../app/migrations/files.ts';
import { runMigrations } from '../../../app/migrations/runner.ts';
import { type Database, openDatabase } from '../../../app/storage/database.ts';
import { hasReached, type Phase, rotated } from '../../../operator/database/login.ts';
import { suite } from '../../harness/suite.ts';
import { ApiProcess } from '../app/api-process.ts';
import { Client } from '../app/client.ts';
import { ApiLoad, assertKept, EVERY_KIND, flows } from '../app/load.ts';
import { quietApi } from '../app/world.ts';
import { Containers, cacheUrl } from '../containers.ts';
import { eventually } from '../processes.ts';
import { DatabaseGroup } from './group.ts';

const test = suite("rotation of the application's login, under load");
const group = new DatabaseGroup({ members: 1 });
const folder = mkdtempSync(join(tmpdir(), 'cryptosense-rotation-'));
const file = join(folder, 'DATABASE_URL');
const containers = new Containers();
const main = new URL('../../../app/main.ts', import.meta.url).pathname;
const migrations = new URL('../../../app/migrations', import.meta.url).pathname;
let secret: Record<string, string> = {};
let api: ApiProcess | undefined;

/** A writer that counts, on a pool as the API has it, and what pods do that start now: new connections. */
class Load {
  queries = 0;
  /** Rows that the database said it has. */
  written = 0;
  connections = 0;
  /** Queries that failed, and connections that were refused: why. */
  readonly failed: string[] = [];
  readonly refused: string[] = [];
  readonly #database: Database;
  readonly #work: Promise<unknown>;
  #isOver = false;

  constructor() {
    const url = urlInFile(file, ['postgresql:']);
    this.#database = openDatabase({ url, poolSize: 4, applicationName: 'load' });
    this.#work = Promise.all([...Array.from({ length: 3 }, () => this.#query()), this.#connect(url.read)]);
  }

  async #query(): Promise<void> {
    while (!this.#isOver) {
      const { sql } = this.#database;
      await noting(this.failed, async () => {
        await this.#database.query(sql`insert into load (login) values (session_user)`);
        this.written += 1;
        await this.#database.transaction((inside) => inside`select count(*) from load`);
        this.queries += 2;
      });
      await delay(2);
    }
  }

  async #connect(read: () => URL): Promise<void> {
    while (!this.#isOver) {
      await noting(this.refused, async () => {
        await using(read().href, (sql) => sql`select 1`);
        this.connections += 1;
      });
    }
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#work;
    await this.#database.end(1_000);
  }
}

async function noting(problems: string[], work: () => Promise<void>): Promise<void> {
  await work().catch((error: Error) => problems.push(`${new Date().toISOString()} ${error.message}`));
}

async function using<T>(url: string, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const { hostname: host, port } = new URL(url);
  const sql = postgres(url, {
    // The member itself lets nobody in without TLS.
    ...(port === '5432' ? { ssl: { ca: group.authority['ca.crt'], host } } : {}),
    max: 1,
    prepare: false,
    fetch_types: false,
    connect_timeout: 5,
    onnotice: () => {},
  });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

function writeUrl(): void {
  writeFileSync(`${file}.new`, secret.DATABASE_URL ?? '');
  renameSync(`${file}.new`, file);
}

/** As the operator does it, with the waits shortened to what they wait for. */
async function enter(asked: string, phase: Phase, password: string): Promise<void> {
  secret = { ...secret, ...rotated(secret, asked, phase, () => password) };
  if (phase === 'switched') return writeUrl();
  group.renewLogins(secret);
  await eventually(`the member knows ${asked} to be ${phase}`, async () => {
    const members = await group.members();
    return members.every(({ logins }) => hasReached(logins, asked, phase));
  });
}

/** The logins with which the newest rows were written. */
async function loggedIn(): Promise<string[]> {
  const rows = await group.ask(
    'shop-database-0',
    'select distinct login from load where id > (select max(id) - 20 from load)',
  );
  return rows.map(({ login }) => String(login)).sort();
}

test.before(async () => {
  const [cache] = await Promise.all([containers.startCache(), group.start()]);
  await group.healthy();
  secret = await group.secret();
  await runMigrations({
    url: fixedUrl(secret.MIGRATION_DATABASE_URL ?? '', ['postgresql:']),
    migrations: readMigrations(migrations),
    target: { direction: 'up' },
    version: 'test',
    logger: winston.createLogger({ silent: true }),
    authority: group.authority['ca.crt'] ?? '',
  });
  await using(secret.DATABASE_URL ?? '', async (sql) => {
    await sql`create table load (id bigserial primary key, login text)`;
    await sql`insert into price_history (symbol, timestamp, price) values ('BTC', now(), 100)`;
  });
  writeUrl();
  const { DATABASE_URL: _, ...variables } = quietApi('', cacheUrl(cache));
  api = await ApiProcess.start(main, { ...variables, DATABASE_URL_FILE: file, LOG_SUCCESS_SHARE: '0' });
});
test.after(async () => {
  api?.signal('SIGKILL');
  await containers.stop();
  await group.end();
  rmSync(folder, { recursive: true, force: true });
});

/** The sessions of a login that is not used any more are let go; whoever still used them would see that. */
async function endSessionsOf(login: string): Promise<void> {
  await group.ask(
    'shop-database-0',
    `select pg_terminate_backend(pid) from pg_stat_activity where usename = '${login}'`,
  );
}

test('two rotations fail no query, no request and no connection, and end with one login', async () => {
  const user = await Client.registered((api as ApiProcess).url);
  const holdings = [{ symbol: 'BTC', quantity: '1' }];
  const portfolio: string = (await user.post('/portfolios', { name: 'Mine', holdings })).body.id;
  const requests = new ApiLoad(user, portfolio);
  const load = new Load();
  const former: string[] = [];
  const rotations = [
    ['november', 'cryptosense', 'cryptosense_a', 'password-of-november'],
    ['december', 'cryptosense_a', 'cryptosense_b', 'password-of-december'],
  ] as const;
  const says = async () => (await group.members()).map(({ formerLogin = 'unused' }) => formerLogin).join();
  try {
    for (const [asked, before, login, password] of rotations) {
      former.push(secret.DATABASE_URL ?? '', secret.MIGRATION_DATABASE_URL ?? '');
      await enter(asked, 'prepared', password);
      await eventually('the member sees who is logged in', async () => (await says()) === 'used');
      await enter(asked, 'switched', password);
      await eventually(`queries are those of ${login}`, async () => (await loggedIn()).join() === login);
      await flows(requests, EVERY_KIND, 5);
      await endSessionsOf(before);
      await eventually(`nobody uses ${before} any more`, async () => (await says()) === 'unused');
      await enter(asked, 'retired', password);
      await flows(requests, EVERY_KIND, 5);
      const done = load.queries;
      await eventually('the load goes on', async () => load.queries > done + 100);
    }
  } finally {
    await Promise.all([load.end(), requests.stop()]);
  }
  const answers = requests.outcomes.length;
  console.log(
    `\nnote: ${load.queries} queries, ${load.connections} new connections and ${answers} requests, of which failed: ${load.failed.length}, ${load.refused.length} and ${requests.outcomes.filter(({ status }) => status !== 200).length}`,
  );
  assert.equal([load.failed, load.refused], [[], []]);
  assert.equal(
    requests.outcomes.filter(({ status }) => status !== 200),
    [],
  );
  assert.ok(load.connections > 20);
  const [rows] = await group.ask('shop-database-0', 'select count(*)::int as count from load');
  assert.is(rows?.count, load.written);
  await assertKept(requests, user, portfolio);
  for (const url of former)
    await using(url, (sql) => sql`select 1`).then(
      () => assert.unreachable(`${new URL(url).username} still gets in at ${new URL(url).host}`),
      (error: Error) =>
        assert.match(error.message, /password authentication failed|SASL|no such user|FATAL/i),
    );
});

test('what a login makes belongs to the owner, and no password is in a log', async () => {
  await using(secret.MIGRATION_DATABASE_URL ?? '', async (sql) => {
    const [who] = await sql`select session_user as login, current_user as acts`;
    assert.equal({ ...who }, { login: 'cryptosense_b', acts: 'cryptosense' });
    await sql`create table made (id int)`;
    const [made] = await sql`select tableowner as owner from pg_tables where tablename = 'made'`;
    assert.is(made?.owner, 'cryptosense');
  });
  const log = await group.logs(2_000);
  assert.match(log, /the application's logins are cryptosense_b/);
  assert.not.match(log, /password-of-/);
});

test('a URL that comes before PgBouncer and the database know its login costs no query', async () => {
  const load = new Load();
  try {
    await eventually('the load runs', async () => load.queries > 20);
    secret = { ...secret, ...rotated(secret, 'early', 'prepared', () => 'password-of-early') };
    secret = { ...secret, ...rotated(secret, 'early', 'switched', () => 'unused') };
    writeUrl();
    // Long enough for several tries.
    const before = load.queries;
    const until = performance.now() + 5_000;
    await eventually(
      'the load goes on',
      async () => performance.now() > until && load.queries > before + 100,
    );
    assert.equal(await loggedIn(), ['cryptosense_b']);
    group.renewLogins(secret);
    await eventually('it follows', async () => (await loggedIn()).join() === 'cryptosense_a');
  } finally {
    await load.end();
  }
  assert.equal(load.failed, []);
  // Who has only the new login is refused meanwhile: that is why the operator lets the others know first.
  assert.ok(load.refused.length > 0);
});

test.run();
