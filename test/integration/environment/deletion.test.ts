import * as assert from 'uvu/assert';
import { renderComponents } from '../../../charts/render.ts';
import {
  type Environment,
  FINALIZER,
  LABELS,
  MANAGER,
  ownerReference,
  resolveEnvironment,
} from '../../../operator/api/resolved.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { stamped } from '../../../operator/environment/drift.ts';
import { RESOURCES, resourceOf } from '../../../operator/environment/resources.ts';
import { create, remove, serverSideApply } from '../../../operator/kube/apply.ts';
import { answered } from '../../../operator/kube/errors.ts';
import { silentLog } from '../../../operator/kube/log.ts';
import { Reflector } from '../../../operator/kube/reflector.ts';
import { type KubeObject, pathOf, type Resource } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { type SimulatedCluster, startSimulatedCluster } from '../../simulated/cluster.ts';
import type { OperatorProcess } from '../../simulated/metered.ts';
import { bundleOperator, startOperator } from '../../simulated/operator.ts';
import { eventually } from '../processes.ts';

const test = suite('deletion on a real control plane');

const CLAIMS: Resource = {
  group: '',
  version: 'v1',
  plural: 'persistentvolumeclaims',
  namespaced: true,
  kind: 'PersistentVolumeClaim',
};
const SECONDS = 1000;

let cluster: SimulatedCluster;
let client: KubeClient;
let operator: OperatorProcess;
const watching = new AbortController();
/** Objects in the order in which they ended, by namespace. */
const ended = new Map<string, { kind: string; name: string; component: string; version: number }[]>();

test.before(async () => {
  const program = await bundleOperator();
  cluster = await startSimulatedCluster();
  client = cluster.client();
  await old();
  operator = await startOperator({ kubeconfig: cluster.kubeconfig, program });
  for (const resource of [
    RESOURCES.routes,
    RESOURCES.deployments,
    RESOURCES.statefulSets,
    RESOURCES.pods,
    RESOURCES.networkPolicies,
  ]) {
    const reflector = new Reflector({
      client,
      resource,
      log: silentLog,
      onChange: (event, { kind, metadata }) => {
        if (event !== 'deleted') return;
        const { name, namespace = '', labels = {}, resourceVersion } = metadata;
        const list = ended.get(namespace) ?? [];
        list.push({
          kind,
          name,
          component: labels[LABELS.component] ?? '',
          version: Number(resourceVersion),
        });
        ended.set(namespace, list);
      },
    });
    void reflector.start(watching.signal);
    await reflector.synced;
  }
});

test.after(async () => {
  watching.abort();
  await operator?.stop();
  await client?.close();
  await cluster?.stop();
});

async function declare(namespace: string): Promise<Environment> {
  if (namespace !== 'default')
    await client.request({
      method: 'POST',
      path: '/api/v1/namespaces',
      body: { metadata: { name: namespace } },
    });
  const environment = {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: 'shop', namespace },
    spec: { tier: 'local', replicas: 1, release: { image: 'cryptosense-api:1.0.0' } },
  };
  return (await create(client, RESOURCES.environments, environment)) as unknown as Environment;
}

async function get<T = KubeObject>(
  resource: Resource,
  namespace: string,
  name: string,
): Promise<T | undefined> {
  try {
    return await client.request<T>({ method: 'GET', path: pathOf(resource, namespace, name) });
  } catch (error) {
    if (answered(error, 404)) return undefined;
    throw error;
  }
}

const environmentIn = (namespace: string) => get<Environment>(RESOURCES.environments, namespace, 'shop');

async function isReady(namespace: string): Promise<boolean> {
  const environment = await environmentIn(namespace);
  return environment?.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;
}

async function names(resource: Resource, namespace: string): Promise<string[]> {
  const { items } = await client.request<{ items: KubeObject[] }>({
    method: 'GET',
    path: pathOf(resource, namespace),
  });
  return items.map(({ metadata }) => metadata.name).sort();
}

/** What the version before the finalizer has left: an environment all of whose objects have an owner. */
async function old(): Promise<void> {
  const environment = await declare('before');
  const owner = ownerReference(environment);
  for (const manifest of Object.values(renderComponents(resolveEnvironment(environment))).flat()) {
    // A kind that this cluster does not have.
    if (['ServiceMonitor', 'PrometheusRule'].includes(manifest.kind)) continue;
    const metadata = { ...manifest.metadata, ownerReferences: [owner] };
    await serverSideApply(client, resourceOf(manifest.kind), stamped({ ...manifest, metadata }), {
      fieldManager: MANAGER,
    });
  }
}

test('the owners that a version before gave to data are taken away by the next apply', async () => {
  const before = await get(RESOURCES.statefulSets, 'before', 'shop-database');
  await eventually('the old environment is ready', () => isReady('before'), 60 * SECONDS);
  for (const kind of ['StatefulSet', 'Service', 'ConfigMap']) {
    const data = await get(resourceOf(kind), 'before', 'shop-database');
    assert.is(data?.metadata.ownerReferences, undefined, kind);
  }
  const route = await get(RESOURCES.routes, 'before', 'shop-api');
  assert.is(route?.metadata.ownerReferences?.length, 1);
  assert.equal((await environmentIn('before'))?.metadata.finalizers, [FINALIZER]);
  assert.is(
    (await get(RESOURCES.statefulSets, 'before', 'shop-database'))?.metadata.uid,
    before?.metadata.uid,
  );
});

for (const propagationPolicy of ['Background', 'Foreground', 'Orphan'] as const) {
  const namespace = propagationPolicy.toLowerCase();
  test(`${namespace} deletion takes everything in order, and leaves volumes and passwords`, async () => {
    await declare(namespace);
    await eventually('it is ready', () => isReady(namespace), 60 * SECONDS);
    const claims = await names(CLAIMS, namespace);
    assert.ok(claims.includes('data-shop-database-0'), claims.join());
    await remove(client, RESOURCES.environments, namespace, 'shop', { propagationPolicy });
    await eventually('it is gone', async () => !(await environmentIn(namespace)), 60 * SECONDS);
    for (const resource of [
      RESOURCES.deployments,
      RESOURCES.statefulSets,
      RESOURCES.services,
      RESOURCES.pods,
    ])
      await eventually(
        `no ${resource.plural} are left`,
        async () => (await names(resource, namespace)).length === 0,
        30 * SECONDS,
      );
    assert.equal(await names(CLAIMS, namespace), claims);
    assert.equal(await names(RESOURCES.secrets, namespace), ['shop-authority', 'shop-credentials']);
    assertOrder(namespace, propagationPolicy === 'Foreground');
  });
}

/** By the version at which each object ended: etcd counts them all in one row. */
function assertOrder(namespace: string, isForeground: boolean): void {
  const of = (kind: string, component: string) =>
    (ended.get(namespace) ?? [])
      .filter((object) => object.kind === kind && object.component === component)
      .map(({ version }) => version);
  const steps: [string, number[]][] = [
    ['HTTPRoute', of('HTTPRoute', 'routing')],
    ['pods of the API', of('Pod', 'api')],
    ['PgBouncer', of('Deployment', 'pooler')],
    ['pods of PgBouncer', of('Pod', 'pooler')],
    ['Redis', of('StatefulSet', 'cache')],
    ['pods of Redis', of('Pod', 'cache')],
    ['PostgreSQL', of('StatefulSet', 'database')],
    ['pods of PostgreSQL', of('Pod', 'database')],
    ['NetworkPolicies', of('NetworkPolicy', 'network')],
  ];
  for (const [what, versions] of steps) assert.ok(versions.length > 0, `nobody saw the end of ${what}`);
  // The garbage collector takes what serves requests at once when the deletion is in the foreground.
  for (let i = isForeground ? 2 : 1; i < steps.length; i++) {
    const [[former, before], [latter, after]] = [steps[i - 1], steps[i]] as [
      [string, number[]],
      [string, number[]],
    ];
    assert.ok(Math.max(...before) < Math.min(...after), `${latter} ended before ${former}`);
  }
}

test('the same environment made again finds its volumes and passwords', async () => {
  const secret = await get(RESOURCES.secrets, 'background', 'shop-credentials');
  const environment = {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: 'shop', namespace: 'background' },
  };
  const spec = { tier: 'local', replicas: 1, release: { image: 'cryptosense-api:1.0.0' } };
  await create(client, RESOURCES.environments, { ...environment, spec });
  await eventually('it is ready again', () => isReady('background'), 60 * SECONDS);
  const again = await get(RESOURCES.secrets, 'background', 'shop-credentials');
  assert.is(again?.metadata.resourceVersion, secret?.metadata.resourceVersion);
});

test('a namespace ends with its environment in it, and the operator makes nothing there meanwhile', async () => {
  await declare('ending');
  await eventually('it is ready', () => isReady('ending'), 60 * SECONDS);
  await client.request({ method: 'DELETE', path: '/api/v1/namespaces/ending' });
  await eventually(
    'the namespace is gone',
    async () => {
      const { items } = await client.request<{ items: KubeObject[] }>({
        method: 'GET',
        path: '/api/v1/namespaces',
      });
      return !items.some(({ metadata }) => metadata.name === 'ending');
    },
    90 * SECONDS,
  );
});

test.run();
