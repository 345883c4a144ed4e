import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderProtection } from '../../../charts/render.ts';
import { bundleWebPage } from '../../../images/web-page.ts';
import { customResourceDefinitions } from '../../../operator/api/crd.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import type { EnvironmentStatus } from '../../../operator/api/status.ts';
import { API_VERSION, GROUP, KIND, PLURAL } from '../../../operator/api/well-known.ts';
import { type Dashboard, serveDashboard } from '../../../operator/dashboard/server.ts';
import { Caches } from '../../../operator/environment/caches.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { create, mergePatch, serverSideApply } from '../../../operator/kube/apply.ts';
import { silentLog } from '../../../operator/kube/log.ts';
import type { Manifest, Resource } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { type ApiServer, startApiServer } from '../apiserver.ts';
import { CRDS } from '../kube/things.ts';
import { eventually } from '../processes.ts';

const clusterWide = (group: string, plural: string, kind: string): Resource => ({
  group,
  version: 'v1',
  plural,
  kind,
  namespaced: false,
});
const NAMESPACES = clusterWide('', 'namespaces', 'Namespace');
const ROLES = clusterWide('rbac.authorization.k8s.io', 'clusterroles', 'ClusterRole');
const ROLE_BINDINGS: Resource = {
  ...clusterWide('rbac.authorization.k8s.io', 'rolebindings', 'RoleBinding'),
  namespaced: true,
};
const CLUSTER_BINDINGS = clusterWide(
  'rbac.authorization.k8s.io',
  'clusterrolebindings',
  'ClusterRoleBinding',
);
const POLICIES = clusterWide(
  'admissionregistration.k8s.io',
  'validatingadmissionpolicies',
  'ValidatingAdmissionPolicy',
);
const POLICY_BINDINGS = clusterWide(
  'admissionregistration.k8s.io',
  'validatingadmissionpolicybindings',
  'ValidatingAdmissionPolicyBinding',
);

/** What a person may who only looks, and what one may who gives commands as well. */
export const ROLE_RULES = {
  look: [
    {
      apiGroups: [GROUP],
      resources: [PLURAL, 'cryptosensebackups', 'cryptosenserestores'],
      verbs: ['get', 'list', 'watch'],
    },
    { apiGroups: [''], resources: ['events'], verbs: ['get', 'list', 'watch'] },
  ],
  command: [{ apiGroups: [GROUP], resources: [PLURAL], verbs: ['patch'] }],
};

/** Gives people roles; `where` is a namespace, or everywhere when left out. */
export async function defineRoles(client: KubeClient): Promise<void> {
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  for (const [name, rules] of Object.entries(ROLE_RULES))
    await create(client, ROLES, { apiVersion, kind: 'ClusterRole', metadata: { name }, rules });
}

export async function bind(
  client: KubeClient,
  user: string,
  role: keyof typeof ROLE_RULES,
  namespace?: string,
): Promise<void> {
  await create(client, namespace === undefined ? CLUSTER_BINDINGS : ROLE_BINDINGS, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: { name: `${user}-${role}`, ...(namespace === undefined ? {} : { namespace }) },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }],
  } as Manifest);
}

export async function unbind(
  client: KubeClient,
  user: string,
  role: keyof typeof ROLE_RULES,
  namespace: string,
): Promise<void> {
  await client.request({
    method: 'DELETE',
    path: `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings/${user}-${role}`,
  });
}

/** A real API server with environments whose status the test writes, and the dashboard in front of it, in this process. */
export class DashboardWorld {
  readonly server: ApiServer;
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly dashboard: Dashboard;
  readonly url: string;
  readonly #end: () => Promise<void>;

  private constructor(parts: {
    server: ApiServer;
    client: KubeClient;
    caches: Caches;
    dashboard: Dashboard;
    end: () => Promise<void>;
  }) {
    this.server = parts.server;
    this.client = parts.client;
    this.caches = parts.caches;
    this.dashboard = parts.dashboard;
    this.url = `http://127.0.0.1:${parts.dashboard.port}`;
    this.#end = parts.end;
  }

  static async start(options: { users: string[]; reviewMs?: number }): Promise<DashboardWorld> {
    const server = await startApiServer({ users: options.users });
    const folder = mkdtempSync(join(tmpdir(), 'cryptosense-dashboard-'));
    const client = server.client();
    const stop = new AbortController();
    const closing: (() => Promise<unknown>)[] = [];
    const end = async () => {
      stop.abort();
      for (const close of closing) await close();
      await client.close();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    };
    try {
      await define(client);
      await bundleWebPage('dashboard/client/main.tsx', folder);
      const cluster = server.configFor('admin').getCurrentCluster();
      if (!cluster) throw new Error('the API server has no configuration');
      let dashboard: Dashboard | undefined;
      const caches = new Caches({ client, log: silentLog, onChange: (key) => dashboard?.changed(key) });
      dashboard = await serveDashboard({
        port: 0,
        source: caches,
        cluster,
        log: silentLog,
        folder,
        ...(options.reviewMs === undefined ? {} : { reviewMs: options.reviewMs }),
      });
      closing.push(() => (dashboard as Dashboard).close());
      caches.start(stop.signal);
      await caches.synced();
      return new DashboardWorld({ server, client, caches, dashboard, end });
    } catch (error) {
      await end();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#end();
  }

  tokenOf(user: string): string {
    return this.server.configFor(user).getCurrentUser()?.token ?? '';
  }

  async namespace(name: string): Promise<void> {
    await create(this.client, NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }

  /** An environment with this status; resolves when the dashboard's caches have both. */
  async environment(
    namespace: string,
    name: string,
    status: EnvironmentStatus,
    spec: Partial<EnvironmentSpec> = {},
  ): Promise<void> {
    await create(this.client, RESOURCES.environments, {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name, namespace },
      spec: { tier: 'local', release: { image: 'cryptosense-api:1.0.0' }, ...spec },
    });
    await this.say(namespace, name, status);
  }

  /** Writes another status. */
  async say(namespace: string, name: string, status: EnvironmentStatus): Promise<void> {
    const { metadata } = await mergePatch(
      this.client,
      RESOURCES.environments,
      namespace,
      name,
      { status: { candidate: null, ...status } },
      { subresource: 'status' },
    );
    await eventually(
      'the caches have it',
      () => this.caches.environment(namespace, name)?.metadata.resourceVersion === metadata.resourceVersion,
    );
  }
}

async function define(client: KubeClient): Promise<void> {
  for (const definition of customResourceDefinitions())
    await serverSideApply(client, CRDS, definition as unknown as Manifest, { fieldManager: 'test' });
  for (const manifest of renderProtection())
    await create(client, manifest.kind === POLICIES.kind ? POLICIES : POLICY_BINDINGS, manifest);
  for (const { spec } of customResourceDefinitions())
    await eventually(`${spec.names.kind} is served`, () =>
      client.request({ method: 'GET', path: `/apis/${API_VERSION}/${spec.names.plural}` }).then(
        () => true,
        () => false,
      ),
    );
  await defineRoles(client);
}
