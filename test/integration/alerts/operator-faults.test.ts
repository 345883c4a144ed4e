import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { distribution } from '../../../charts/synth.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import type { Environment } from '../../../operator/api/resolved.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { create, mergePatch } from '../../../operator/kube/apply.ts';
import { pathOf, type Resource } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { type SimulatedCluster, startSimulatedCluster } from '../../simulated/cluster.ts';
import { ensureNamespace, type Installation, install } from '../../simulated/installation.ts';
import type { OperatorProcess } from '../../simulated/metered.ts';
import { bundleOperator, startOperator } from '../../simulated/operator.ts';
import { Receiver } from '../../unit/notifications/receiver.ts';
import { type Prometheus, startPrometheus } from '../analysis/prometheus-server.ts';
import { eventually } from '../processes.ts';
import { type Runbook, runbook } from '../runbook.ts';
import { fires, scaledRules, until } from './firing.ts';

/** Faults of the operator as a process with the rights of its installation, their alerts, and their runbooks carried out. */
const test = suite('Faults of the operator, their alerts and their runbooks');

const ROLE: Resource = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  plural: 'clusterroles',
  namespaced: false,
  kind: 'ClusterRole',
};
const SECRET = 'cryptosense-notifications';
/** So many fail at once that two minutes of the rule, which are a second here, have their errors. */
const FAILING = 12;

const folder = mkdtempSync(join(tmpdir(), 'cryptosense-operator-faults-'));
let cluster: SimulatedCluster;
let client: KubeClient;
let installation: Installation;
let operator: OperatorProcess;
let prometheus: Prometheus;

test.before(async () => {
  const program = await bundleOperator();
  cluster = await startSimulatedCluster();
  client = cluster.client();
  installation = await install(cluster, client, {});
  operator = await startOperator({
    kubeconfig: installation.kubeconfig,
    program,
    env: { ...installation.env, NOTIFICATION_HOSTS: '127.0.0.1' },
  });
  const rules = scaledRules('operator', { NotificationsLost: 1 / 600, OperatorErrors: 1 / 120 });
  prometheus = await startPrometheus([{ address: new URL(operator.metricsUrl).host, labels: {} }], {
    interval: '250ms',
    rules,
  });
});
test.after(async () => {
  await prometheus?.stop();
  await operator?.stop();
  installation?.remove();
  await client?.close();
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function page(name: string, namespace: string): Runbook {
  return runbook(
    name,
    { NS: namespace, ENV: 'shop' },
    { kubeconfig: cluster.kubeconfig, logs: { 'deploy/cryptosense-operator': () => operator.log() } },
  );
}

async function makeEnvironment(
  namespace: string,
  name: string,
  spec: Partial<EnvironmentSpec> = {},
): Promise<void> {
  await create(client, RESOURCES.environments, {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name, namespace },
    spec: {
      tier: 'local',
      release: { image: 'api:1' },
      // Nothing is measured: there is nobody in the pods of a simulated cluster.
      rollout: { strategy: 'rolling', scaleDownDelay: '1s' },
      ...spec,
    },
  });
}

async function read(namespace: string, name: string): Promise<Environment> {
  const path = pathOf(RESOURCES.environments, namespace, name);
  return client.request<Environment>({ method: 'GET', path });
}

async function isTrue(namespace: string, name: string, type: string): Promise<boolean> {
  const { status } = await read(namespace, name);
  return status?.conditions?.some((one) => one.type === type && one.status === 'True') ?? false;
}

test('a webhook that was removed: NotificationsLost, until the Secret has the address of a new one', async () => {
  const [removed, renewed] = [await new Receiver().start(), await new Receiver().start()];
  removed.reply = () => ({ code: 410, text: 'gone' });
  try {
    await ensureNamespace(client, 'told');
    const stringData = { audit: removed.url };
    await create(client, RESOURCES.secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: SECRET, namespace: 'told' },
      stringData,
    });
    const urlSecret = { name: SECRET, key: 'audit' };
    const notifications = { webhooks: [{ name: 'audit', type: 'generic' as const, urlSecret }] };
    await makeEnvironment('told', 'shop', { notifications });
    await until(prometheus, 'NotificationsLost');
    const seen = await page('notifications-lost', 'told').look();
    assert.match(seen, /^told\/shop\t.*audit: .*410/m);
    assert.match(seen, /notification not delivered.*410/);
    assert.match(seen, /audit was not told of/);
    assert.not.match(seen, /very-secret-path/);

    await page('notifications-lost', 'told').mend('stringData', {
      RECEIVER: 'audit',
      ADDRESS: renewed.url,
    });
    await mergePatch(client, RESOURCES.environments, 'told', 'shop', {
      spec: { release: { image: 'api:2' } },
    });
    await renewed.got(1, 60_000);
    await eventually('the condition is True', () => isTrue('told', 'shop', 'NotificationsReady'));
    await until(prometheus, 'NotificationsLost', { isOver: true });
  } finally {
    await Promise.all([removed.stop(), renewed.stop()]);
  }
});

test('rights that somebody took away: OperatorErrors, until the installation is applied again', async () => {
  assert.not(await fires(prometheus.address, 'OperatorErrors'));
  await ensureNamespace(client, 'refused');
  const path = pathOf(ROLE, undefined, 'cryptosense-operator');
  const { rules } = await client.request<{ rules: { resources: string[]; verbs: string[] }[] }>({
    method: 'GET',
    path,
  });
  const taken = rules.map((rule) =>
    rule.resources.includes('statefulsets') ? { ...rule, verbs: ['get', 'list', 'watch'] } : rule,
  );
  await mergePatch(client, ROLE, undefined, 'cryptosense-operator', { rules: taken });
  const names = Array.from({ length: FAILING }, (_, i) => `shop-${i}`);
  for (const name of names) await makeEnvironment('refused', name);

  await until(prometheus, 'OperatorErrors');
  const seen = await page('operator-errors', 'refused').look();
  assert.match(seen, /"level":"error".*forbidden/);
  assert.match(seen, /^refused .*ReconcileFailed .*shop-\d+ .*forbidden/m);
  assert.not(await isTrue('refused', 'shop-0', 'Ready'));

  const file = join(folder, 'operator.yaml');
  writeFileSync(file, distribution('cryptosense-operator:test').get('operator.yaml') ?? '');
  await page('operator-errors', 'refused').mend('--force-conflicts', { 'dist/operator.yaml': file });
  await until(prometheus, 'OperatorErrors', { isOver: true });
  for (const name of names)
    await eventually(`${name} is ready`, () => isTrue('refused', name, 'Ready'), 90_000);
});

test.run();
