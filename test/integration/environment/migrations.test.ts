import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import * as assert from 'uvu/assert';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import type { Environment } from '../../../operator/api/resolved.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { create, mergePatch } from '../../../operator/kube/apply.ts';
import { type KubeObject, pathOf } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { type SimulatedCluster, startSimulatedCluster } from '../../simulated/cluster.ts';
import { type Installation, install } from '../../simulated/installation.ts';
import type { OperatorProcess } from '../../simulated/metered.ts';
import { runMigrationPods } from '../../simulated/migration-kubelet.ts';
import { bundleOperator, startOperator } from '../../simulated/operator.ts';
import { Containers, databaseUrl } from '../containers.ts';
import { eventually } from '../processes.ts';

const test = suite('migrations on a real API server and a real PostgreSQL');
const containers = new Containers();
const ending = new AbortController();
const folder = mkdtempSync(join(tmpdir(), 'cryptosense-images-'));
let cluster: SimulatedCluster;
let client: KubeClient;
let installation: Installation;
let operator: OperatorProcess;
let sql: postgres.Sql;

const FILES = {
  '0001-accounts.sql': '-- reversible\ncreate table accounts (id int primary key, mail text);',
  '0001-accounts.down.sql': 'drop table accounts;',
  '0002-email.sql': '-- reversible\nalter table accounts add column email text;',
  '0002-email.down.sql': 'alter table accounts drop column email;',
  '0003-drop-mail.sql':
    '-- contract, irreversible: the column is gone\nalter table accounts drop column mail;',
  '0004-broken.sql': '-- irreversible: never applied\nselect nonsense;',
};

/** How many of the files an image has. */
const IMAGES: Record<string, number> = { 'api:1': 1, 'api:2': 3, 'api:3': 4 };

function migrationsOf(image: string): string {
  const at = mkdtempSync(join(folder, 'image-'));
  for (const [file, text] of Object.entries(FILES))
    if (Number.parseInt(file, 10) <= (IMAGES[image] ?? 0)) writeFileSync(join(at, file), text);
  return at;
}

const SPEC: EnvironmentSpec = {
  tier: 'local',
  replicas: 1,
  release: { image: 'api:1', migration: { gate: 'verified' } },
  // Nothing can be measured at pods that are not there: the release goes to everything at once.
  rollout: { canary: { steps: [{ weight: 100 }] }, scaleDownDelay: '1s', rollbackWindow: '10s' },
  backup: {
    enabled: true,
    bucket: { endpoint: 'https://s3.example.com', name: 'backups', credentialsSecret: 's3' },
    encryptionSecret: 'key',
  },
};

const environment = () =>
  client.request<KubeObject>({
    method: 'GET',
    path: pathOf(RESOURCES.environments, 'default', 'shop'),
  }) as unknown as Promise<Environment>;
const condition = async (type: string) =>
  (await environment()).status?.conditions?.find((one) => one.type === type);
const release = (image: string) =>
  mergePatch(client, RESOURCES.environments, 'default', 'shop', { spec: { release: { image } } });
const jobs = async () =>
  (await client.request<{ items: KubeObject[] }>({ method: 'GET', path: pathOf(RESOURCES.jobs, 'default') }))
    .items;

async function until(sentence: string, holds: (found: Environment) => boolean): Promise<void> {
  let last: Environment | undefined;
  await eventually(
    sentence,
    async () => {
      last = await environment();
      return holds(last);
    },
    120_000,
  ).catch((error: unknown) => {
    throw new Error(`${error}: ${JSON.stringify(last?.status)}\n${operator.log().slice(-2_000)}`);
  });
}

async function columns(): Promise<string[]> {
  const rows = await sql`
    select column_name from information_schema.columns where table_name = 'accounts' order by ordinal_position`;
  return rows.map((row) => String(row.column_name));
}

test.before(async () => {
  const program = await bundleOperator();
  const url = databaseUrl(await containers.startDatabase());
  sql = postgres(url, { max: 1, onnotice: () => {} });
  cluster = await startSimulatedCluster({ unfinished: ['migration'] });
  client = cluster.client();
  installation = await install(cluster, client, {});
  await runMigrationPods(client, { url, migrationsOf, signal: ending.signal });
  operator = await startOperator({ kubeconfig: installation.kubeconfig, program, env: installation.env });
  await create(client, RESOURCES.environments, {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: 'shop', namespace: 'default' },
    spec: SPEC,
  });
  await until('the first release serves', ({ status }) => status?.stable?.image === 'api:1');
});
test.after(async () => {
  ending.abort();
  await operator?.stop();
  installation?.remove();
  await client?.close();
  await cluster?.stop();
  await sql?.end();
  await containers.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('M1 with no right but those of its installation, the operator waits for the backup, migrates and promotes', async () => {
  assert.equal(await columns(), ['id', 'mail']);
  await release('api:2');
  await until('it waits for a backup', ({ status }) => status?.candidate?.gate !== undefined);
  assert.match(
    (await condition('SchemaReady'))?.message ?? '',
    'The migration of api:2 (0002-email) needs a verified full backup',
  );
  assert.equal(await columns(), ['id', 'mail']);

  await create(client, RESOURCES.backups, {
    apiVersion: API_VERSION,
    kind: RESOURCES.backups.kind,
    metadata: { name: 'nightly', namespace: 'default' },
    spec: { environment: 'shop', type: 'full' },
  });
  const now = new Date(Date.now() + 1000).toISOString();
  const is = (type: string) => ({
    type,
    status: 'True',
    reason: 'Test',
    message: '',
    lastTransitionTime: now,
  });
  const status = {
    startedAt: now,
    completedAt: now,
    conditions: [is('Completed'), is('Verified')],
    restorePoint: { time: now, archived: true },
  };
  await mergePatch(client, RESOURCES.backups, 'default', 'nightly', { status }, { subresource: 'status' });
  await until('the release serves', (found) => found.status?.stable?.image === 'api:2');
  const before = await columns();
  assert.equal(before.slice(0, 1), ['id']);
  assert.ok(before.includes('email'));
  const { stable } = (await environment()).status ?? {};
  const expand = (await jobs()).find(({ metadata }) => metadata.name === `shop-migrate-${stable?.revision}`);
  assert.is(expand?.metadata.annotations?.['cryptosense.io/backup'], 'nightly');
});

test('M4 when the rollback window is over the contract migration runs, and a return across it is refused', async () => {
  const { stable } = (await environment()).status ?? {};
  await until('the contract migration has run', ({ status }) =>
    /0003-drop-mail of api:2 was applied/.test(
      status?.conditions?.find(({ type }) => type === 'SchemaReady')?.message ?? '',
    ),
  );
  assert.equal(await columns(), ['id', 'email']);
  const contract = (await jobs()).find(
    ({ metadata }) => metadata.name === `shop-contract-${stable?.revision}`,
  );
  const waited =
    Date.parse(
      String((contract?.metadata as { creationTimestamp?: string } | undefined)?.creationTimestamp),
    ) - Date.parse(stable?.since ?? '');
  // Timestamps of objects are whole seconds.
  assert.ok(waited >= 9_000, `${waited} ms after the promotion`);

  await release('api:1');
  await until('the return is refused', ({ status }) => status?.rejected?.reason === 'ReturnRefused');
  assert.match((await condition('RolledBack'))?.message ?? '', 'has taken away what it needs');
  assert.is((await environment()).status?.stable?.image, 'api:2');
});

test('M2 a mistake in a migration fails its Job at the first pod, and the condition has the words of PostgreSQL', async () => {
  await release('api:3');
  await until('it is rolled back', ({ status }) => status?.rejected?.image === 'api:3');
  const rolledBack = await condition('RolledBack');
  assert.is(rolledBack?.reason, 'MigrationFailed');
  assert.match(
    rolledBack?.message ?? '',
    '0004-broken failed: column "nonsense" does not exist (SQLSTATE 42703)',
  );
  const { rejected, stable } = (await environment()).status ?? {};
  const failed = (await jobs()).find(
    ({ metadata }) => metadata.name === `shop-migrate-${rejected?.revision}`,
  );
  assert.is((failed?.status as { failed?: number } | undefined)?.failed, 1);
  assert.is(stable?.image, 'api:2');
});

test.run();
