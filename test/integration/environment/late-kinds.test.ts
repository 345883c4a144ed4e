import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is } from 'uvu/assert';
import { LEASE_RULES, RULES } from '../../../charts/rights.ts';
import { customResourceDefinitions } from '../../../operator/api/crd.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { create, remove, serverSideApply } from '../../../operator/kube/apply.ts';
import { answered } from '../../../operator/kube/errors.ts';
import { type KubeObject, type Manifest, pathOf, type Resource } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { prometheusOperatorDefinition } from '../../check/prometheus-operator.ts';
import { suite } from '../../harness/suite.ts';
import { bundleOperator, startOperator } from '../../simulated/operator.ts';
import { startApiServer } from '../apiserver.ts';
import { eventually } from '../processes.ts';

const test = suite('Resource types that come and go');

const OPERATOR = 'operator';
/** The operator looks for a missing type with a backoff of up to 30 s. */
const SOON_MS = 60_000;

const cluster = (group: string, plural: string, kind: string): Resource => ({
  group,
  version: 'v1',
  plural,
  kind,
  namespaced: false,
});
const CRDS = cluster('apiextensions.k8s.io', 'customresourcedefinitions', 'CustomResourceDefinition');
const ROLES = cluster('rbac.authorization.k8s.io', 'clusterroles', 'ClusterRole');
const BINDINGS = cluster('rbac.authorization.k8s.io', 'clusterrolebindings', 'ClusterRoleBinding');

async function get(client: KubeClient, resource: Resource, name: string): Promise<KubeObject | undefined> {
  try {
    return await client.request<KubeObject>({ method: 'GET', path: pathOf(resource, 'default', name) });
  } catch (error) {
    if (answered(error, 404)) return undefined;
    throw error;
  }
}

/** Resolves when the server answers for the type. */
async function define(client: KubeClient, definition: Manifest, resource: Resource): Promise<void> {
  await serverSideApply(client, CRDS, definition, { fieldManager: 'test' });
  await eventually(`${resource.kind} is served`, async () => {
    try {
      await client.request({ method: 'GET', path: pathOf(resource, 'default') });
      return true;
    } catch (error) {
      // 429: the server knows the type and has not read its objects yet.
      if (answered(error, 404, 429, 503)) return false;
      throw error;
    }
  });
}

/** The rights that the operator's installation gives it, and no more. */
async function grantRights(client: KubeClient): Promise<void> {
  const apiGroup = 'rbac.authorization.k8s.io';
  const apiVersion = `${apiGroup}/v1`;
  const metadata = { name: OPERATOR };
  const rules = [...RULES, ...LEASE_RULES];
  await create(client, ROLES, { apiVersion, kind: 'ClusterRole', metadata, rules });
  await create(client, BINDINGS, {
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata,
    roleRef: { apiGroup, kind: 'ClusterRole', name: OPERATOR },
    subjects: [{ apiGroup, kind: 'User', name: OPERATOR }],
  });
}

test('a ServiceMonitor is written when its CRD is installed later, and nothing breaks when that goes, without a restart', async () => {
  const program = await bundleOperator();
  const definition = await prometheusOperatorDefinition('servicemonitors', (line) => console.log(line));
  const server = await startApiServer({ users: [OPERATOR] });
  const client = server.client();
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-late-'));
  const kubeconfig = join(folder, 'kubeconfig.json');
  writeFileSync(kubeconfig, server.configFor(OPERATOR).exportConfig(), { mode: 0o600 });
  await grantRights(client);
  const [own] = customResourceDefinitions() as unknown as Manifest[];
  await define(client, own as Manifest, RESOURCES.environments);
  const operator = await startOperator({ kubeconfig, program });
  const says = async (type: string) => {
    const environment = await get(client, RESOURCES.environments, 'shop');
    const { conditions = [] } = (environment?.status ?? {}) as {
      conditions?: { type: string; reason: string }[];
    };
    return conditions.find((condition) => condition.type === type)?.reason;
  };
  try {
    await create(client, RESOURCES.environments, {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name: 'shop', namespace: 'default' },
      spec: { tier: 'local', release: { image: 'cryptosense-api:1.0.0' } },
    });
    await eventually('it is said that there is no ServiceMonitor', async () => {
      return (await says('MonitoringReady')) === 'ServiceMonitorMissing';
    });
    is(await says('RoutingReady'), 'GatewayApiMissing');
    const database = await get(client, RESOURCES.statefulSets, 'shop-database');

    await define(client, definition, RESOURCES.serviceMonitors);
    await eventually(
      'the ServiceMonitor is written',
      async () => (await get(client, RESOURCES.serviceMonitors, 'shop')) !== undefined,
      SOON_MS,
    );
    await eventually('and said', async () => (await says('MonitoringReady')) === 'Written');

    await remove(client, CRDS, undefined, definition.metadata.name, {});
    await eventually(
      'it is said that the type is gone',
      async () => (await says('MonitoringReady')) === 'ServiceMonitorMissing',
      SOON_MS,
    );
    is(await says('Stalled'), 'NotStalled');
    const after = await get(client, RESOURCES.statefulSets, 'shop-database');
    equal(after?.metadata.resourceVersion, database?.metadata.resourceVersion);
  } catch (error) {
    throw new Error(`${error}\n${operator.log().slice(-4_000)}`, { cause: error });
  } finally {
    await operator.stop();
    await client.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

test.run();
