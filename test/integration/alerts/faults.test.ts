import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type postgres from 'postgres';
import { equal, is, match, ok } from 'uvu/assert';
import { allAlerts } from '../../../charts/alerts/catalogue.ts';
import { scopeOf } from '../../../charts/alerts/rule.ts';
import { ruleGroups } from '../../../charts/alerts/rule-groups.ts';
import { DASHBOARDS } from '../../../charts/dashboards/grafana.ts';
import { EXPORTERS } from '../../../charts/exporters.ts';
import { checkout } from '../../../local/checkout.ts';
import { suite } from '../../harness/suite.ts';
import { type Prometheus, startPrometheus } from '../analysis/prometheus-server.ts';
import { World } from '../app/world.ts';
import { eventually } from '../processes.ts';
import { fires as firesAt, firing as firingAt } from './firing.ts';
import { environment, MAX_CONNECTIONS, Monitored } from './monitored.ts';

const test = suite('Faults, their alerts and their runbooks');

/** A minute of a rule is a second here. */
const SCALE = 1 / 60;
const FIRES_WITHIN_MS = 45_000;
/** More than four fifths of those that PostgreSQL takes. */
const PROGRAM_SESSIONS = Math.ceil(MAX_CONNECTIONS * 0.85);

const world = new World();
const monitored = new Monitored();
let prometheus: Prometheus;
let api: Awaited<ReturnType<World['serve']>>;
let users: NodeJS.Timeout;

const ours = { namespace: 'market', environment: 'shop' };

test.before(async () => {
  await world.start();
  await monitored.start();
  await world.parts.sql`
    insert into price_history (symbol, timestamp, price) values ('BTC', '2026-01-01T00:00:00Z', 100)`;
  api = await world.serve();
  // A history is not kept ready: these requests go by the database.
  users = setInterval(() => {
    for (const path of ['/api/prices/BTC/history', '/api/prices/BTC'])
      void fetch(`${api.url}${path}`).then(
        (answer) => answer.text(),
        () => {},
      );
  }, 50);
  const port = new URL(api.url).host;
  prometheus = await startPrometheus(
    [
      {
        address: port,
        labels: { ...ours, app_kubernetes_io_component: 'api', pod: 'shop-api-1' },
      },
      ...[...monitored.targets].map(([component, address]) => ({
        address,
        labels: { ...ours, app_kubernetes_io_component: component, pod: `shop-${component}-0` },
      })),
    ],
    {
      interval: '250ms',
      rules: ruleGroups('environment', { runbooks: 'https://runbooks.example.com', scale: SCALE }),
    },
  );
});

test.after(async () => {
  clearInterval(users);
  await prometheus?.stop();
  await world.stop();
  await monitored.stop();
});

const firing = () => firingAt(prometheus.address);
const fires = (name: string) => firesAt(prometheus.address, name);

/** Series of a query, as their labels. */
async function ask(query: string): Promise<Record<string, string>[]> {
  const answer = await fetch(`${prometheus.address}/api/v1/query?query=${encodeURIComponent(query)}`);
  const { data } = (await answer.json()) as { data: { result: { metric: Record<string, string> }[] } };
  return data.result.map(({ metric }) => metric);
}

test('the exporters have every metric of theirs that an alert goes by', async () => {
  const asked = new Set(
    allAlerts().flatMap(({ alert }) => alert.expr(scopeOf()).match(/\b(pg|pgbouncer|redis)_\w+/g) ?? []),
  );
  ok(asked.size > 10, [...asked].join());
  // A single member replicates to nobody, and one without archiving has no lag to tell of.
  asked.delete('pg_replication_lag_seconds');
  const missing: string[] = [];
  for (const name of asked) if ((await ask(name)).length === 0) missing.push(name);
  equal(missing, []);
});

/** Names of metrics in PromQL: what stands before a selector. */
const metricsIn = (expr: string) =>
  [...expr.matchAll(/\b([a-z_:]+[a-z0-9_:]*)\{/g)].map(([, name = '']) => name);

/** Grafana's variables, as it would fill them in. */
const filled = (expr: string) =>
  expr
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('$namespace', ours.namespace)
    .replaceAll('$environment', ours.environment);

test('Prometheus understands every query of the dashboards', async () => {
  for (const { title, rows } of DASHBOARDS) {
    for (const { title: panel, queries } of rows.flatMap(({ panels }) => panels)) {
      for (const { expr } of queries) {
        const query = encodeURIComponent(filled(expr));
        const answer = await fetch(`${prometheus.address}/api/v1/query?query=${query}`);
        const { status, error } = (await answer.json()) as { status: string; error?: string };
        is(status, 'success', `${title}, ${panel}: ${error}\n${expr}`);
      }
    }
  }
});

test('what the dashboards show of API, PostgreSQL, PgBouncer and Redis is there', async () => {
  const asked = new Set(
    DASHBOARDS.flatMap(({ rows }) => rows)
      .flatMap(({ panels }) => panels)
      .flatMap(({ queries }) => queries)
      .flatMap(({ expr }) => metricsIn(expr)),
  );
  // The operator and the kubelet are not here.
  const elsewhere =
    /^(kubelet|controller_runtime|leader_election|workqueue|cryptosense_(environment|component|release|backup|drill|api|watch|notification)_)/;
  let missing: string[] = [];
  await eventually('every metric has been seen', async () => {
    const answer = await fetch(`${prometheus.address}/api/v1/label/__name__/values`);
    const { data } = (await answer.json()) as { data: string[] };
    const known = new Set(data);
    missing = [...asked].filter((name) => !elsewhere.test(name) && !known.has(name));
    return missing.length === 0;
  }).catch((error: Error) => {
    throw new Error(`${error.message}; missing: ${missing.join(', ')}`);
  });
});

test('the exporter of PostgreSQL gives up everything but the right to look', async () => {
  await monitored.sql`create table if not exists portfolio_of_somebody (x int)`;
  const [login] = EXPORTERS.database.env(environment);
  const as = (statement: string) =>
    monitored.database.exec(['psql', login?.value ?? '', '-At', '-c', statement]);
  match((await as('select current_user, count(*) > 0 from pg_stat_activity')).output, /^pg_monitor\|t/);
  const refused = await as('select * from portfolio_of_somebody');
  is(refused.exitCode, 1);
  match(refused.output, /permission denied for table/);
});

test('nothing fires while all is well', async () => {
  equal(
    (await firing()).map(({ labels }) => labels.alertname),
    [],
  );
});

test('a database that cannot be reached: DatabaseDown, until it can', async () => {
  const { database } = world.parts;
  await database.cut();
  await eventually('DatabaseDown fires', () => fires('DatabaseDown'), FIRES_WITHIN_MS);
  const alert = (await firing()).find(({ labels }) => labels.alertname === 'CryptoSenseDatabaseDown');
  is(alert?.labels.severity, 'page-ceo');
  is(alert?.annotations.summary, 'The database of market/shop is down.');
  match(alert?.annotations.runbook_url ?? '', /database-not-ready\.md$/);
  await database.open();
  await eventually('DatabaseDown has ended', async () => !(await fires('DatabaseDown')), FIRES_WITHIN_MS);
});

test('an API that is gone: ApiDown, until it is back', async () => {
  const { port } = api.server;
  await api.server.stop();
  await eventually('ApiDown fires', () => fires('ApiDown'), FIRES_WITHIN_MS);
  api = await world.serve({ PORT: String(port) });
  await eventually('ApiDown has ended', async () => !(await fires('ApiDown')), FIRES_WITHIN_MS);
});

/** The statement of SQL with these words in the commands of a runbook. */
function statementOf(runbook: string, words: string): string {
  const page = readFileSync(join(checkout, 'docs/runbooks', `${runbook}.md`), 'utf8');
  const found = [...page.matchAll(/psql -d \$DB -c "([^"]+)"/g)].map(([, sql = '']) => sql);
  const [statement] = found.filter((sql) => sql.includes(words));
  if (statement === undefined) throw new Error(`${runbook}: no command with ${words}`);
  return statement;
}

async function psql(statement: string): Promise<{ output: string; exitCode: number }> {
  const command = ['psql', '-h', '/var/run/postgresql', '-U', 'postgres', '-d', 'cryptosense', '-At', '-c'];
  return monitored.database.exec([...command, statement]);
}

/** What a command of a runbook prints. `filledIn`: its words and those that take their place, as its times are shorter here. */
async function carriedOut(runbook: string, words: string, ...filledIn: [string, string][]): Promise<string> {
  const statement = filledIn.reduce(
    (text, [from, to]) => text.replace(from, to),
    statementOf(runbook, words),
  );
  const { output, exitCode } = await psql(statement);
  is(exitCode, 0, output);
  return output;
}

test("a query that does not end: SlowQueries, until the runbook's command ends it", async () => {
  const { sql } = monitored;
  const slow = sql`select pg_sleep(120)`.then(
    () => 'it ended by itself',
    (error: Error) => error.message,
  );
  await eventually('SlowQueries fires', () => fires('SlowQueries'), FIRES_WITHIN_MS);
  match(await carriedOut('database-slow', 'pg_blocking_pids'), /pg_sleep/);
  // Its minute is a second here, as every minute is.
  await carriedOut('database-slow', 'pg_cancel_backend', ['1 minute', '1 second']);
  match(await slow, /canceling statement/);
  await eventually('SlowQueries has ended', async () => !(await fires('SlowQueries')), FIRES_WITHIN_MS);
});

/** A program that opens transactions and forgets them; resolves when `open` of its `sessions` have theirs. */
async function forgetful(sql: postgres.Sql, sessions: number, open: number): Promise<void> {
  let opened = 0;
  for (const reserved of Array.from({ length: sessions }, () => sql.reserve()))
    void reserved
      .then((session) => session`begin`)
      .then(
        () => (opened += 1),
        // It was ended, as it is meant to be.
        () => {},
      );
  await eventually(`${open} transactions are open`, () => opened >= open);
}

const AT_ONCE: [string, string] = ['5 minutes', '1 second'];

test('a program that goes past PgBouncer and forgets its transactions: DatabaseConnections, until it is ended', async () => {
  const program = monitored.connect('database', 'report');
  try {
    await forgetful(program, PROGRAM_SESSIONS, PROGRAM_SESSIONS);
    await eventually('it fires', () => fires('DatabaseConnections'), FIRES_WITHIN_MS);
    is(await carriedOut('database-connections', 'show max_connections'), `${MAX_CONNECTIONS}\n`);
    const sessions = await carriedOut('database-connections', 'application_name');
    match(
      sessions,
      new RegExp(`^report\\|cryptosense\\|.*\\|idle in transaction\\|${PROGRAM_SESSIONS}$`, 'm'),
    );
    await carriedOut('database-connections', 'pg_terminate_backend', AT_ONCE);
    await eventually('it has ended', async () => !(await fires('DatabaseConnections')), FIRES_WITHIN_MS);
  } finally {
    await program.end({ timeout: 0 });
  }
});

test('transactions that are forgotten behind PgBouncer: PoolerSaturated, until they are ended', async () => {
  const { poolSize, reservePoolSize } = environment.spec.pooler;
  const room = poolSize + reservePoolSize;
  const program = monitored.connect('pooler', 'report');
  try {
    // One more than there is room for: it waits.
    await forgetful(program, room + 1, room);
    await eventually('it fires', () => fires('PoolerSaturated'), FIRES_WITHIN_MS);
    match(
      await carriedOut('pooler-saturated', 'wait_event_type'),
      new RegExp(`^idle in transaction\\|Client\\|${room}\\|`, 'm'),
    );
    // The page sends its reader there.
    await carriedOut('database-connections', 'pg_terminate_backend', AT_ONCE);
    await eventually('it has ended', async () => !(await fires('PoolerSaturated')), FIRES_WITHIN_MS);
  } finally {
    await program.end({ timeout: 0 });
  }
});

test('every page of a runbook that is SQL is understood by PostgreSQL', async () => {
  for (const runbook of [
    'database-slow',
    'database-connections',
    'disk-full',
    'archive-failing',
    'pooler-saturated',
    'replication-lag',
  ]) {
    const page = readFileSync(join(checkout, 'docs/runbooks', `${runbook}.md`), 'utf8');
    const statements = [...page.matchAll(/psql -d \$DB -c "([^"]+)"/g)].map(([, sql = '']) => sql);
    ok(statements.length > 0, runbook);
    for (const statement of statements) {
      const { exitCode, output } = await psql(statement);
      // What is for a replica is refused by this primary, once it is understood.
      const isForReplicas = output.includes('recovery is not in progress');
      ok(exitCode === 0 || isForReplicas, `${runbook}: ${statement}\n${output}`);
    }
  }
});

test.run();
