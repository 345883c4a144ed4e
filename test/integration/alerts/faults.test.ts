import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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
import { environment, Monitored } from './monitored.ts';

const test = suite('Faults, their alerts and their runbooks');

/** A minute of a rule is a second here. */
const SCALE = 1 / 60;
const FIRES_WITHIN_MS = 45_000;

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

test("a query that does not end: SlowQueries, until the runbook's command ends it", async () => {
  const { sql } = monitored;
  const slow = sql`select pg_sleep(120)`.then(
    () => 'it ended by itself',
    (error: Error) => error.message,
  );
  await eventually('SlowQueries fires', () => fires('SlowQueries'), FIRES_WITHIN_MS);
  const psql = async (statement: string) => {
    const command = ['psql', '-h', '/var/run/postgresql', '-U', 'postgres', '-d', 'cryptosense', '-At', '-c'];
    const { output, exitCode } = await monitored.database.exec([...command, statement]);
    is(exitCode, 0, output);
    return output;
  };
  match(await psql(statementOf('database-slow', 'pg_blocking_pids')), /pg_sleep/);
  // Its minute is a second here, as every minute is.
  await psql(statementOf('database-slow', 'pg_cancel_backend').replace('1 minute', '1 second'));
  match(await slow, /canceling statement/);
  await eventually('SlowQueries has ended', async () => !(await fires('SlowQueries')), FIRES_WITHIN_MS);
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
      const command = [
        'psql',
        '-h',
        '/var/run/postgresql',
        '-U',
        'postgres',
        '-d',
        'cryptosense',
        '-At',
        '-c',
      ];
      const { exitCode, output } = await monitored.database.exec([...command, statement]);
      // What is for a replica is refused by this primary, once it is understood.
      const isForReplicas = output.includes('recovery is not in progress');
      ok(exitCode === 0 || isForReplicas, `${runbook}: ${statement}\n${output}`);
    }
  }
});

test.run();
