import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import winston from 'winston';
import { parse } from 'yaml';
import { fixedUrl } from '../../../app/connection-url.ts';
import { readMigrations } from '../../../app/migrations/files.ts';
import { runMigrations } from '../../../app/migrations/runner.ts';
import { checkout } from '../../../local/checkout.ts';
import type { Environment } from '../../../operator/api/resolved.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { create, mergePatch } from '../../../operator/kube/apply.ts';
import { pathOf } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import type { Variables } from '../../harness/runbook-page.ts';
import { suite } from '../../harness/suite.ts';
import { type SimulatedCluster, startSimulatedCluster } from '../../simulated/cluster.ts';
import { ensureNamespace, type Installation, install } from '../../simulated/installation.ts';
import { type JobContainer, type LastWords, runJobPods } from '../../simulated/job-kubelet.ts';
import type { OperatorProcess } from '../../simulated/metered.ts';
import { bundleOperator, startOperator } from '../../simulated/operator.ts';
import { scaledRules, until } from '../alerts/firing.ts';
import { type Prometheus, startPrometheus } from '../analysis/prometheus-server.ts';
import { BackupWorld } from '../backup/world.ts';
import { docker } from '../database/docker.ts';
import { eventually } from '../processes.ts';
import { type Runbook, runbook } from '../runbook.ts';
import { RecoveredDatabase } from './recovered.ts';

/**
 * Runbooks that go by backups: the real operator decides, and what its Jobs say is done on a real database, with the image's own
 * program and a real bucket. The pods of the simulated cluster are containers here.
 */
const test = suite('Runbooks of rehearsals and of damaged data');

const NAME = 'shop';
const OTHER = 'recovered';
/** Seconds that stand for the hundred days, the 26 and the 28 hours of the rules. */
const SCALES = {
  DrillOverdue: 40 / (100 * 86_400),
  BackupOverdue: 30 / (26 * 3_600),
  BackupUnverified: 60 / (28 * 3_600),
};
const ending = new AbortController();
let cluster: SimulatedCluster;
let client: KubeClient;
let installation: Installation;
let operator: OperatorProcess;
let prometheus: Prometheus;
let world: BackupWorld;
let recovered: RecoveredDatabase | undefined;

test.before(async () => {
  [world, cluster] = await Promise.all([
    BackupWorld.start({ name: NAME }),
    startSimulatedCluster({ unfinished: ['backup', 'restore'] }),
  ]);
  await migrate();
  await world.startAgent();
  client = cluster.client();
  await ensureNamespace(client, 'market');
  installation = await install(cluster, client, {});
  for (const [component, run] of Object.entries({ backup: takeBackup, restore }))
    await runJobPods(client, { component, run, signal: ending.signal });
  operator = await startOperator({
    kubeconfig: installation.kubeconfig,
    program: await bundleOperator(),
    env: installation.env,
  });
  prometheus = await startPrometheus([{ address: new URL(operator.metricsUrl).host, labels: {} }], {
    interval: '250ms',
    rules: scaledRules('environment', SCALES),
  });
  await create(client, RESOURCES.environments, {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: NAME, namespace: 'market' },
    spec: {
      tier: 'local',
      release: { image: 'api:1' },
      rollout: { strategy: 'rolling' },
      backup: {
        enabled: true,
        drillSchedule: '0 5 1 1 *',
        bucket: { ...world.settings.bucket, credentialsSecret: 'bucket' },
        encryptionSecret: 'passphrase',
      },
    },
  });
});
test.after(async () => {
  ending.abort();
  await prometheus?.stop();
  await operator?.stop();
  installation?.remove();
  await client?.close();
  await cluster?.stop();
  await recovered?.stop();
  await world?.stop();
});

/** The schema of the application itself. */
async function migrate(): Promise<void> {
  const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
  const host = (await docker('inspect', '--format', format, world.container)).trim();
  await runMigrations({
    url: fixedUrl(`postgresql://cryptosense:database-password@${host}:5432/cryptosense`, ['postgresql:']),
    migrations: readMigrations(join(checkout, 'app', 'migrations')),
    target: { direction: 'up' },
    version: 'test',
    logger: winston.createLogger({ silent: true }),
  });
}

/** What a pod of a backup runs. It reaches no cluster from here: what it would write of it is in the bucket, too. */
async function takeBackup({ args }: JobContainer): Promise<LastWords> {
  const [take = '', type = '', name = ''] = args.slice(-3);
  const { exitCode, output } = await world.program([take, type, name]);
  const { status } = (await world.record(name)) ?? {};
  if (status)
    await mergePatch(client, RESOURCES.backups, 'market', name, { status }, { subresource: 'status' });
  return { exitCode, message: output.slice(-2_000) };
}

/** What a pod of a restore runs, with the variables of its container. */
async function restore({ args, env }: JobContainer): Promise<LastWords> {
  const given = Object.fromEntries(env.map(({ name, value = '' }) => [name, value]));
  const RESULT_FILE = `/tmp/result-${Date.now()}`;
  const { exitCode, output } = await world.program(args.slice(-1), {
    ...given,
    SCRATCH_FOLDER: '/tmp/scratch',
    RESULT_FILE,
  });
  const said = await world.exec(['cat', RESULT_FILE]);
  return { exitCode, message: said.exitCode === 0 ? said.output : output.slice(-2_000) };
}

function page(name: string, variables: Partial<Variables> = {}): Runbook {
  const containers = {
    [`${NAME}-database-0`]: world.container,
    ...(recovered ? { [`${OTHER}-database-0`]: recovered.container } : {}),
  };
  const { kubeconfig } = cluster;
  const logs = { selected: () => 'took a backup\n' };
  return runbook(name, { NS: 'market', ENV: NAME, ...variables }, { kubeconfig, containers, logs });
}

async function condition(type: string): Promise<{ status: string; reason: string } | undefined> {
  const path = pathOf(RESOURCES.environments, 'market', NAME);
  const { status } = await client.request<Environment>({ method: 'GET', path });
  return status?.conditions?.find((one) => one.type === type);
}

test('a rehearsal that was never held: DrillOverdue, until one by hand has come to a good end', async () => {
  await world.query("insert into price_history (symbol, timestamp, price) values ('BTC', now(), 100)");
  assert.match(await page('data-damaged').mend('--name damaged', { damaged: 'nightly' }), /verified/i);
  await until(prometheus, 'DrillOverdue');
  const seen = await page('drill-overdue').look();
  assert.match(seen, /0 5 1 1 \*/);
  assert.match(seen, /A restore was never rehearsed/);

  await page('drill-overdue').mend('generateName');
  await until(prometheus, 'DrillOverdue', { isOver: true });
  await eventually(
    'the condition is True',
    async () => (await condition('RestoreRehearsed'))?.status === 'True',
  );
  const { items } = await client.request<{ items: { status?: { report?: { rows: number } } }[] }>({
    method: 'GET',
    path: pathOf(RESOURCES.restores, 'market'),
  });
  assert.ok((items[0]?.status?.report?.rows ?? 0) > 0, JSON.stringify(items));
});

test('no backup since yesterday: BackupOverdue and BackupUnverified, until one by hand is complete and verified', async () => {
  await until(prometheus, 'BackupOverdue');
  await until(prometheus, 'BackupUnverified');
  const seen = await page('backup-overdue').look();
  assert.match(seen, /^cronjob\S+shop-backup /m);
  assert.match(seen, /took a backup/);

  await page('backup-overdue').mend('generateName');
  await until(prometheus, 'BackupOverdue', { isOver: true });
  await until(prometheus, 'BackupUnverified', { isOver: true });
});

test('rows that a statement deleted by mistake come back, and what was written since stays', async () => {
  const user = "insert into users (id, email, password_hash) values ('u', 'u@example.com', 'x')";
  const portfolio = (id: string) =>
    `insert into portfolios (id, user_id, name) values ('${id}', 'u', '${id}')`;
  await world.query(`${user}; ${portfolio('first')}; ${portfolio('second')}`);
  const now = `to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
  const moment = await world.query(`select ${now}`);
  await world.query('delete from portfolios');
  await world.query(portfolio('third'));

  await page('data-damaged').mend('--name damaged');
  await world.archived();
  const looked = await page('data-damaged').mend('--name look', { '2026-01-31T11:55:00Z': moment });
  assert.match(looked, /"rows":\d+/);

  await makeTheDataOfThen(moment);
  const there = await page('data-damaged', { OTHER }).mend('count(*) from portfolios');
  assert.match(there, /condition met/);
  assert.match(there, /^ +2$/m);
  const compared = await page('data-damaged', { OTHER, DB: 'cryptosense' }).mend('as gone');
  assert.match(compared, /gone *\n-+\n +2$/m);
  await page('data-damaged', { OTHER, DB: 'cryptosense' }).mend('on conflict (id) do nothing');
  const rows = await world.query("select string_agg(id, ' ' order by id) from portfolios");
  assert.is(rows, 'first second third');
});

/** An environment as the example has it, and its database. */
async function makeTheDataOfThen(time: string): Promise<void> {
  const example = readFileSync(join(checkout, 'examples/features/recovery.yaml'), 'utf8');
  const manifest = parse(example) as Environment;
  assert.is(manifest.metadata.name, OTHER);
  const { prefix } = world.settings;
  const recovery = { ...manifest.spec.recovery, target: { time } };
  await create(client, RESOURCES.environments, {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: OTHER, namespace: 'market' },
    spec: { ...manifest.spec, recovery },
  });
  recovered = await RecoveredDatabase.start(world.storage, { prefix, target: { time } });
  await recovered.answers();
}

test.run();
