import * as assert from 'uvu/assert';
import { renderComponents, renderRoute } from '../../../charts/render.ts';
import {
  type Environment,
  LABELS,
  type Manifest,
  resolveEnvironment,
} from '../../../operator/api/resolved.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { RESOURCES, resourceOf } from '../../../operator/environment/resources.ts';
import { applyNew, create, mergePatch } from '../../../operator/kube/apply.ts';
import { answered } from '../../../operator/kube/errors.ts';
import { type KubeObject, pathOf } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { type SimulatedCluster, startSimulatedCluster } from '../../simulated/cluster.ts';
import { eventually } from '../processes.ts';
import { type Life, OperatorInProcess } from './process.ts';

const test = suite('objects of others on a real API server');

let cluster: SimulatedCluster;
let client: KubeClient;
let operator: OperatorInProcess;
const life: Life = {
  namespace: 'default',
  death: 'answered',
  writes: [],
  deadly: new Set(),
  deaths: [],
  owner: 0,
};

test.before(async () => {
  cluster = await startSimulatedCluster();
  client = cluster.client();
  await client.request({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'kinds' } } });
  operator = new OperatorInProcess(
    cluster,
    (namespace) => (namespace === 'default' ? life : undefined),
    () => {},
  );
  await operator.start();
});
test.after(async () => {
  await operator?.stop();
  await client?.close();
  await cluster?.stop();
});

const spec = { tier: 'local', replicas: 1, release: { image: 'api:1' } } as const;
const get = (kind: string, name: string) =>
  client.request<KubeObject>({ method: 'GET', path: pathOf(resourceOf(kind), 'default', name) });
const stalled = async () => {
  const { status } = (await get(KIND, 'shop')) as unknown as Environment;
  return status?.conditions?.find(({ type, status: is }) => type === 'Stalled' && is === 'True');
};

test('an apply for a new object makes one of every kind, and touches none that is there', async () => {
  const environment = resolveEnvironment({ metadata: { name: 'shop', namespace: 'kinds' }, spec });
  const manifests = Object.values(renderComponents(environment)).flat() as Manifest[];
  manifests.push(renderRoute(environment, [{ revision: 'a', weight: 100 }]));
  for (const manifest of manifests) {
    // A kind that this cluster does not have.
    if (['ServiceMonitor', 'PrometheusRule'].includes(manifest.kind)) continue;
    const what = `${manifest.kind} ${manifest.metadata.name}`;
    const resource = resourceOf(manifest.kind);
    const made = await applyNew(client, resource, manifest, { fieldManager: 'first' });
    const entries = (made.metadata as { managedFields?: { manager: string; operation: string }[] })
      .managedFields;
    assert.ok(
      entries?.some(({ manager, operation }) => manager === 'first' && operation === 'Apply'),
      what,
    );
    let code = 0;
    await applyNew(client, resource, manifest, { fieldManager: 'second' }).catch((error: unknown) => {
      if (!answered(error, 409)) throw error;
      code = error.code;
    });
    assert.is(code, 409, what);
    const there = await client.request<KubeObject>({
      method: 'GET',
      path: pathOf(resource, 'kinds', manifest.metadata.name),
    });
    assert.is(JSON.stringify(there.metadata).includes('"manager":"second"'), false, what);
  }
});

test("a person's objects stay as they are, also where nothing contradicts, until they are handed over", async () => {
  // Nothing of what the operator wants contradicts this one: a merge would take it over silently.
  const account = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'shop-api', namespace: 'default', labels: { team: 'theirs' } },
  };
  const made = await create(client, RESOURCES.serviceAccounts, account, { fieldManager: 'kubectl-create' });
  const environment = {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: 'shop', namespace: 'default' },
  };
  await create(client, RESOURCES.environments, { ...environment, spec });
  await eventually('the environment is stalled', async () => (await stalled()) !== undefined);
  const condition = await stalled();
  assert.is(condition?.reason, 'NotOurs');
  assert.is(
    condition?.message,
    'ServiceAccount default/shop-api is there already, and is not of this environment (managed by kubectl-create): delete it, ' +
      'or hand it over with kubectl -n default annotate serviceaccounts shop-api cryptosense.io/adopt=shop',
  );
  const still = await get('ServiceAccount', 'shop-api');
  assert.is(still.metadata.resourceVersion, made.metadata.resourceVersion);

  const annotations = { 'cryptosense.io/adopt': 'shop' };
  await mergePatch(client, RESOURCES.serviceAccounts, 'default', 'shop-api', { metadata: { annotations } });
  await eventually('it is taken over', async () => {
    const { metadata } = await get('ServiceAccount', 'shop-api');
    return metadata.labels?.[LABELS.environment] === 'shop';
  });
  assert.is((await get('ServiceAccount', 'shop-api')).metadata.uid, made.metadata.uid);
  await eventually('the environment goes on', async () => (await stalled()) === undefined);
});

test('labels that somebody took away from an object of ours are put back', async () => {
  const labels = { [LABELS.managedBy]: null, [LABELS.environment]: null };
  await mergePatch(client, RESOURCES.services, 'default', 'shop-database', { metadata: { labels } });
  await eventually('the labels are back', async () => {
    const { metadata } = await get('Service', 'shop-database');
    return (
      metadata.labels?.[LABELS.environment] === 'shop' && metadata.labels[LABELS.managedBy] !== undefined
    );
  });
});

test('a container that a definition leaves out is gone, also from what was created and not applied', async () => {
  const observability = { exporters: { enabled: true } };
  const environment = {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: 'watched', namespace: 'default' },
  };
  await create(client, RESOURCES.environments, { ...environment, spec: { ...spec, observability } });
  const containers = async () => {
    const { spec: of } = (await get('Deployment', 'watched-pooler')) as unknown as {
      spec: { template: { spec: { containers: { name: string }[] } } };
    };
    return of.template.spec.containers.length;
  };
  await eventually('PgBouncer has its exporter', async () => (await containers().catch(() => 0)) === 2);
  const without = { spec: { observability: { exporters: { enabled: false } } } };
  await mergePatch(client, RESOURCES.environments, 'default', 'watched', without);
  await eventually('PgBouncer has none', async () => (await containers()) === 1);
});

test('an environment that meets nobody asks for nothing but its writes', () => {
  const writes = life.writes.filter((write) => write.includes(' services/shop-cache '));
  assert.equal(writes, ['POST services/shop-cache #1']);
});

test.run();
