import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { renderOperator } from '../../charts/render.ts';
import { create, serverSideApply } from '../../operator/kube/apply.ts';
import type { KubeObject, Manifest, Resource } from '../../operator/kube/resources.ts';
import type { KubeClient } from '../../operator/kube/transport.ts';
import type { SimulatedCluster } from './cluster.ts';

const RBAC = { group: 'rbac.authorization.k8s.io', version: 'v1' };
const NAMESPACES: Resource = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  namespaced: false,
  kind: 'Namespace',
};
/** What of the manifests gives rights; the pod runs as a process of this machine. */
const KINDS: Resource[] = [
  { group: '', version: 'v1', plural: 'serviceaccounts', namespaced: true, kind: 'ServiceAccount' },
  { ...RBAC, plural: 'clusterroles', namespaced: false, kind: 'ClusterRole' },
  { ...RBAC, plural: 'clusterrolebindings', namespaced: false, kind: 'ClusterRoleBinding' },
  { ...RBAC, plural: 'roles', namespaced: true, kind: 'Role' },
  { ...RBAC, plural: 'rolebindings', namespaced: true, kind: 'RoleBinding' },
];

export interface Installation {
  /** A kubeconfig with the token of the operator's service account. */
  kubeconfig: string;
  config: KubeConfig;
  /** The pod's environment variables, as the manifests have them. */
  env: Record<string, string>;
  remove(): void;
}

/** Applies the rights of the rendered installation, exactly these, and returns who has them. */
export async function install(
  cluster: SimulatedCluster,
  client: KubeClient,
  options: { onlyNamespace?: string },
): Promise<Installation> {
  const manifests = renderOperator({ image: 'cryptosense-operator:test', ...options });
  const account = manifests.find(({ kind }) => kind === 'ServiceAccount') as Manifest | undefined;
  const { name, namespace = '' } = account?.metadata ?? { name: '' };
  await ensureNamespace(client, namespace);
  for (const manifest of manifests) {
    const resource = KINDS.find(({ kind }) => kind === manifest.kind);
    if (resource) await serverSideApply(client, resource, manifest as Manifest, { fieldManager: 'test' });
  }
  const { status } = await client.request<{ status: { token: string } }>({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
  });
  const [server] = cluster.configFor('admin').clusters;
  if (server === undefined) throw new Error('The simulated cluster has no configuration.');
  const config = new KubeConfig();
  config.loadFromClusterAndUser(server, { name, token: status.token });
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-installation-'));
  const kubeconfig = join(folder, 'kubeconfig.json');
  writeFileSync(kubeconfig, config.exportConfig(), { mode: 0o600 });
  const env = { ...podVariables(manifests), POD_NAMESPACE: namespace };
  return { kubeconfig, config, env, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export async function ensureNamespace(client: KubeClient, name: string): Promise<void> {
  const { items } = await client.request<{ items: KubeObject[] }>({
    method: 'GET',
    path: '/api/v1/namespaces',
  });
  if (items.some(({ metadata }) => metadata.name === name)) return;
  await create(client, NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
}

function podVariables(manifests: unknown[]): Record<string, string> {
  const deployment = (manifests as KubeObject[]).find(({ kind }) => kind === 'Deployment');
  const { template } = (deployment as KubeObject).spec as {
    template: { spec: { containers: { env: { name: string; value?: string }[] }[] } };
  };
  const variables = template.spec.containers.flatMap(({ env }) => env);
  return Object.fromEntries(
    variables.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
  );
}
