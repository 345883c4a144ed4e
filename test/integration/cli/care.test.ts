import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import { RESTORES } from '../../../cli/cluster/parts.ts';
import type { Result as Diagnosis } from '../../../cli/doctor/finding.ts';
import type { Environment } from '../../../operator/api/resolved.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { create, mergePatch } from '../../../operator/kube/apply.ts';
import { type KubeObject, pathOf, type Resource } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { type SimulatedCluster, startSimulatedCluster } from '../../simulated/cluster.ts';
import { ensureNamespace } from '../../simulated/installation.ts';
import type { OperatorProcess } from '../../simulated/metered.ts';
import { bundleOperator, startOperator } from '../../simulated/operator.ts';
import { eventually } from '../processes.ts';
import { bundleOf } from './bundle.ts';
import { cryptosense } from './shell.ts';

const test = suite('The care of an environment by the command line');

const EVENTS: Resource = { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true };
const SECRETS: Resource = RESOURCES.secrets;
/** A different one at every place, so that the one that leaks is known. */
const planted: string[] = [];
const secret = (place: string) => {
  const value = `planted-${place}-4f7a91`;
  planted.push(value);
  return value;
};

const folder = mkdtempSync(join(tmpdir(), 'cryptosense-care-'));
let cluster: SimulatedCluster;
let client: KubeClient;
let operator: OperatorProcess;

const cs = (...args: string[]) => cryptosense(cluster.kubeconfig, '-n', 'market', ...args);
const namespaced = (name: string, labels: Record<string, string> = {}) => ({
  name,
  namespace: 'market',
  labels,
});

test.before(async () => {
  cluster = await startSimulatedCluster();
  client = cluster.client();
  await ensureNamespace(client, 'market');
  operator = await startOperator({
    kubeconfig: cluster.kubeconfig,
    program: await bundleOperator(),
    // Its lease is where it lives.
    env: { POD_NAMESPACE: 'market' },
  });
  await create(client, RESOURCES.environments, {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: namespaced('shop'),
    spec: {
      tier: 'production',
      deletionProtection: false,
      release: {
        image: 'cryptosense-api:1.0.0',
        config: {
          SMTP_PASSWORD: secret('config'),
          NODE_ENV: 'staging',
          UPSTREAM: `https://me:${secret('address')}@example.com`,
          LOG_LEVEL: 'debug',
        },
      },
      database: { image: 'cryptosense-database:latest' },
      autoscaling: { minReplicas: 1 },
      network: { policies: false },
      routing: { gateway: { className: 'traefik' }, hostnames: [] },
      images: { pullSecrets: ['registry'] },
      paused: false,
    },
  });
  // Its release waits: production has no migration without a verified backup.
  await eventually(
    'the environment is rendered',
    async () => {
      const path = pathOf(RESOURCES.environments, 'market', 'shop');
      const { status } = await client.request<Environment>({ method: 'GET', path });
      return status?.components?.some(({ name, readyPods }) => name === 'pooler' && readyPods > 0) ?? false;
    },
    90_000,
  ).catch((error: Error) => {
    throw new Error(`${error.message}\n${operator.log().slice(-3_000)}`);
  });
  await create(client, RESOURCES.configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: namespaced('shop-extra', { 'cryptosense.io/environment': 'shop' }),
    data: { API_KEY: secret('config-map'), 'app.conf': `port = 1\npassword = ${secret('file')}\n` },
  });
  await create(client, SECRETS, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: namespaced('shop-more', { 'cryptosense.io/environment': 'shop' }),
    stringData: { anything: secret('secret') },
  });
  await create(client, EVENTS, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: namespaced('shop.1'),
    involvedObject: { kind: 'Pod', name: 'shop-x', namespace: 'market' },
    type: 'Warning',
    reason: 'FailedMount',
    message: `cannot mount, token=${secret('event')}`,
    lastTimestamp: new Date().toISOString(),
  });
});
test.after(async () => {
  await operator?.stop();
  await client?.close();
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What is wrong with the environment above, by the check that has to see it in the live cluster. */
const FAULTS: [string, RegExp][] = [
  ['environments', /NODE_ENV is staging, and the tier is production/],
  ['environments', /no environment of tier development or staging/],
  ['pipeline', /cryptosense-database:latest, which is another image tomorrow/],
  ['pipeline', /cryptosense-pooler:dev, the default of a developer's machine/],
  ['secrets', /SMTP_PASSWORD looks like a secret/],
  ['secrets', /UPSTREAM looks like a secret/],
  ['secrets', /Secret registry of spec\.images\.pullSecrets is not there/],
  ['certificates', /spec\.routing\.tls is not set/],
  ['domain', /spec\.routing\.hostnames is empty/],
  ['network', /network\.policies is false/],
  ['backups', /backup\.enabled is false/],
  ['recovery', /deletionProtection is off/],
  ['scaling', /as few as 1 pod/],
  ['scaling', /autoscaler is blind/],
  ['monitoring', /no Prometheus operator/],
  ['monitoring', /nobody is told of a rollback/],
  ['logs', /LOG_LEVEL is debug in production/],
  ['logs', /FailedMount/],
];

test('the doctor finds each of eighteen planted faults in the live cluster, and ends with 1', async () => {
  const { stdout, exitCode, stderr } = await cs('doctor', 'shop', '-o', 'json');
  is(exitCode, 1, stderr);
  const results = JSON.parse(stdout) as Diagnosis[];
  const lost = FAULTS.filter(
    ([id, says]) => !results.find((one) => one.id === id)?.findings.some((one) => says.test(one.says)),
  );
  equal(lost, [], stdout);
  is(results.find(({ id }) => id === 'operator')?.verdict, 'ok', 'the operator runs');
});

test('the doctor sees when the operator stops, and when a fault is mended', async () => {
  await mergePatch(client, RESOURCES.environments, 'market', 'shop', {
    spec: { network: { policies: true } },
  });
  await eventually(
    'the policies are there',
    async () =>
      (
        await client.request<{ items: object[] }>({
          method: 'GET',
          path: pathOf(RESOURCES.networkPolicies, 'market'),
        })
      ).items.length > 0,
    30_000,
  );
  const results = JSON.parse((await cs('doctor', 'shop', '-o', 'json')).stdout) as Diagnosis[];
  is(results.find(({ id }) => id === 'network')?.verdict, 'ok');
  const { stdout } = await cs('doctor', 'shop');
  match(
    stdout,
    /✓ Secrets stored securely \(network\)\n[\s\S]*\d+ checks: \d+ to mend, \d+ to look at, \d+ not known\./,
  );
});

test('the bundle for support has the objects and Events, and none of the planted secrets', async () => {
  const { files, exitCode, stderr } = await bundleOf((file) => cs('support', 'shop', '--file', file));
  is(exitCode, 0, stderr);
  for (const path of [
    'environment.yaml',
    'objects/deployments.yaml',
    'objects/configMaps.yaml',
    'events.yaml',
    'README.txt',
  ])
    ok(files.get(path), `${path} is not in it: ${[...files.keys()].join()}`);
  is(planted.length, 6);
  for (const [path, text] of files)
    for (const value of planted) not.ok(text.includes(value), `${path} has ${value}`);
  const { data } = await client.request<{ data: Record<string, string> }>({
    method: 'GET',
    path: pathOf(SECRETS, 'market', 'shop-credentials'),
  });
  for (const value of Object.values(data))
    for (const [path, text] of files) {
      not.ok(text.includes(value), `${path} has a login in base64`);
      not.ok(text.includes(Buffer.from(value, 'base64').toString()), `${path} has a login`);
    }
  match(files.get('environment.yaml') ?? '', /SMTP_PASSWORD: "?\[redacted\]/);
  match(files.get('events.yaml') ?? '', /cannot mount, token=\[redacted\]/);
  const lost = await cs('support', 'shop', '--file', join(folder, 'none', 'bundle.tar.gz'));
  equal([lost.exitCode, lost.stderr.split('\n').length], [64, 1]);
});

test('a backup and a restore are asked for as the API wants them and followed to their end, and the no of the operator to a drill is said', async () => {
  match(
    (await cs('backup', 'shop')).stderr,
    /spec\.backup\.enabled of shop is false, so no backup could be taken/,
  );
  const backup = {
    enabled: true,
    encryptionSecret: 'key',
    bucket: { endpoint: 'https://s3.example.com', name: 'bucket', credentialsSecret: 'bucket' },
  };
  await mergePatch(client, RESOURCES.environments, 'market', 'shop', { spec: { backup } });
  const asked = await cs('backup', 'shop', '--type', 'dump', '--name', 'one', '--no-wait');
  is(asked.exitCode, 0, asked.stderr);
  // The part of the controller: what becomes of it.
  const finish = async (resource: Resource, name: string, status: object) => {
    const there = () =>
      client.request({ method: 'GET', path: pathOf(resource, 'market', name) }).then(
        () => true,
        () => false,
      );
    await eventually(`${name} is asked for`, there, 30_000);
    await mergePatch(client, resource, 'market', name, { status }, { subresource: 'status' });
  };
  const lastTransitionTime = new Date().toISOString();
  const condition = (type: string, is: 'True' | 'False', reason: string, message = '') => ({
    type,
    status: is,
    reason,
    message,
    lastTransitionTime,
  });
  const completedAt = lastTransitionTime;
  await finish(RESOURCES.backups, 'one', {
    completedAt,
    sizeBytes: 1024,
    conditions: [condition('Completed', 'True', 'Completed')],
  });
  const failing = cs('backup', 'shop', '--name', 'two', '--timeout', '60s');
  await finish(RESOURCES.backups, 'two', {
    startedAt: completedAt,
    conditions: [condition('Completed', 'False', 'NoBucket', 'the bucket is not there')],
  });
  const failed = await failing;
  is(failed.exitCode, 1, failed.stdout);
  match(failed.stdout, /two +full +failed .*the bucket is not there/);
  const refused = await cs('drill', 'shop', '--backup', 'one', '--name', 'drill', '-o', 'json');
  is(refused.exitCode, 1, refused.stdout);
  match((JSON.parse(refused.stdout) as { message: string }).message, /one is a dump.*begins with a full/);
  const wrong = await cs('restore', 'shop', '--backup', 'onne');
  equal([wrong.exitCode, /Did you mean one\?/.test(wrong.stderr)], [5, true], wrong.stderr);
  is((await cs('restore', 'shop', '--in-place')).exitCode, 64, 'nobody typed the name');
  is((await cs('restore', 'shop', '--in-place', '--confirm', 'shopp')).exitCode, 64, 'it was another name');
  const inPlace = await cs(
    'restore',
    'shop',
    '--in-place',
    '--confirm',
    'shop',
    '--time',
    '2026-11-20T12:00:00Z',
    '--name',
    'back',
    '--no-wait',
  );
  is(inPlace.exitCode, 0, inPlace.stderr);
  const { spec } = await client.request<KubeObject>({
    method: 'GET',
    path: pathOf(RESTORES, 'market', 'back'),
  });
  equal(spec, {
    environment: 'shop',
    mode: 'inPlace',
    target: { time: '2026-11-20T12:00:00.000Z' },
    confirm: 'shop',
  });
  const all = JSON.parse((await cs('backups', 'shop', '-o', 'json')).stdout) as {
    backups: { name: string }[];
    restores: object[];
  };
  equal([all.backups.length, all.restores.length], [2, 2]);
});

test('the costs are those of the spec', async () => {
  const { stdout, exitCode } = await cs('cost', 'shop', '-o', 'json');
  is(exitCode, 0);
  is((JSON.parse(stdout) as { phase: string }).phase, 'Growth');
  is((await cs('cost', 'shop', '--cpu', '25')).exitCode, 64);
});

test.run();
