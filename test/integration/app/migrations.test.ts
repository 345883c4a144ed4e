import { execFile } from 'node:child_process';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { fixedUrl } from '../../../app/connection-url.ts';
import { TRY_AGAIN } from '../../../app/migrations/failure.ts';
import { type Migration, MigrationError, readMigrations } from '../../../app/migrations/files.ts';
import { runMigrations, type Target } from '../../../app/migrations/runner.ts';
import { suite } from '../../harness/suite.ts';
import { migrationsFolder, silent, World } from './world.ts';

const test = suite('migrations');
const world = new World();
test.before(() => world.start());
test.after(() => world.stop());

const migrations = readMigrations(migrationsFolder);
/** The names of what it has applied. */
const run = async (target: Target, files: readonly Migration[] = migrations) => {
  const { applied } = await runMigrations({
    url: fixedUrl(world.parts.directUrl, ['postgresql:']),
    migrations: files,
    target,
    version: 'test',
    logger: silent,
  });
  return applied;
};
const up: Target = { direction: 'up' };
const down = (number: number): Target => ({ direction: 'down', number });

async function tables(): Promise<string[]> {
  const rows = await world.parts.sql`
    select relname from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')`;
  return rows.map((row) => String(row.relname));
}

/** `node app/main.ts migrate`: its exit code and its log lines. */
function command(
  variables: Record<string, string> = {},
): Promise<{ code: number; lines: Record<string, unknown>[] }> {
  const main = join(migrationsFolder, '../main.ts');
  const env = { NODE_ENV: 'production', MIGRATION_DATABASE_URL: world.parts.directUrl, ...variables };
  return new Promise((resolve) => {
    execFile(process.execPath, [main, 'migrate'], { env }, (error, stdout) => {
      const lines = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, lines });
    });
  });
}

test('all the way down leaves the ledger alone, and up again brings everything back', async () => {
  await run(down(0));
  assert.equal(await tables(), ['schema_migrations']);
  assert.is((await run(up)).length, migrations.length);
  for (const table of ['users', 'portfolios', 'price_history'])
    assert.ok((await tables()).includes(table), table);
  const [index] = await world.parts.sql`select 1 from pg_indexes where indexname = 'portfolios_user_id_idx'`;
  assert.ok(index);
});

test('of four that run at once one does the work and all succeed', async () => {
  await run(down(0));
  const runs = await Promise.all([command(), command(), command(), command()]);
  assert.equal(
    runs.map(({ code }) => code),
    [0, 0, 0, 0],
  );
  const applied = runs.flatMap(({ lines }) => lines).filter(({ message }) => message === 'migration applied');
  assert.equal(
    applied.map(({ migration }) => migration),
    migrations.map(({ number, name }) => `${String(number).padStart(4, '0')}-${name}`),
  );
});

test('a second run has nothing to do', async () => {
  assert.equal(await run(up), []);
});

test('a file that was changed after it was applied is refused by name', async () => {
  const changed = migrations.map((migration) => ({ ...migration, checksum: 'another' }));
  await run(up, changed).then(
    () => assert.unreachable('it was not refused'),
    (error: unknown) => {
      assert.instance(error, MigrationError);
      assert.match(String(error), /0001-users-and-portfolios has been changed since it was applied on 20/);
    },
  );
});

test('a migration that fails leaves nothing of itself', async () => {
  const number = migrations.length + 1;
  const bad: Migration = {
    number,
    kind: 'expand',
    name: 'bad',
    checksum: 'x',
    up: 'create table half (id int); select 1 / 0',
  };
  const [outcome] = await Promise.allSettled([run(up, [...migrations, bad])]);
  assert.is(outcome?.status, 'rejected');
  assert.not.ok((await tables()).includes('half'));
  assert.equal(await run(up), []);
});

test('an irreversible migration is not undone, nor anything after it', async () => {
  const number = migrations.length + 1;
  const oneWay: Migration = {
    number,
    kind: 'expand',
    name: 'one-way',
    checksum: 'x',
    up: 'create table kept (id int)',
  };
  await run(up, [...migrations, oneWay]);
  const [outcome] = await Promise.allSettled([run(down(0), [...migrations, oneWay])]);
  assert.match(String(outcome?.status === 'rejected' && outcome.reason), /-one-way is irreversible/);
  assert.ok((await tables()).includes('users'));
  // A release without that file finds a newer schema, which is no reason to fail.
  assert.equal(await run(up), []);
  await world.parts.sql`drop table kept`;
  await world.parts.sql`delete from schema_migrations where number = ${number}`;
});

test('a table that is in use fails the migration soon, with exit code 1, instead of blocking everyone', async () => {
  const { sql } = world.parts;
  await run(down(1));
  await sql`create table price_history (id int)`;
  const { code, lines } = await command();
  assert.is(code, 1);
  assert.match(String(lines.at(-1)?.error), 'relation "price_history" already exists');
  await sql`drop table price_history`;
  assert.is((await command()).code, 0);
});

test('a database that is not there fails the migration without its password, and with the exit code for another try', async () => {
  const url = new URL(world.parts.directUrl);
  url.port = '1';
  const { code, lines } = await command({ MIGRATION_DATABASE_URL: url.href });
  assert.is(code, TRY_AGAIN);
  assert.is(lines.at(-1)?.message, 'the migration failed');
  assert.not.match(JSON.stringify(lines), url.password);
});

test('a row of any time can be inserted, and moves to its month’s partition when there is one', async () => {
  const { sql } = world.parts;
  const [timescale] = await sql`select 1 from pg_extension where extname = 'timescaledb'`;
  if (timescale) return;
  await sql`insert into price_history (symbol, timestamp, price) values ('BTC', '2031-05-31T23:59:59Z', 1),
    ('BTC', '2031-06-01T00:00:00Z', 2), ('BTC', '1999-01-01T00:00:00Z', 3)`;
  const where = async () => {
    const rows = await sql`select tableoid::regclass::text as place from price_history order by timestamp`;
    return rows.map((row) => row.place);
  };
  assert.equal(await where(), ['price_history_default', 'price_history_default', 'price_history_default']);
  await Promise.all([1, 2].map(() => sql`select price_history_prepare('2031-05-31', '2031-06-01')`));
  assert.equal(await where(), ['price_history_default', 'price_history_2031_05', 'price_history_2031_06']);
});

test.run();
