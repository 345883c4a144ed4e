import { LABELS, MANAGED_SELECTOR } from '../api/resolved.ts';
import {
  BACKUP_KIND,
  BACKUP_PLURAL,
  GROUP,
  KIND,
  PLURAL,
  RESTORE_KIND,
  RESTORE_PLURAL,
  VERSION,
} from '../api/well-known.ts';
import type { KubeObject, Resource } from '../kube/resources.ts';

/** The API resources that the operator reads and writes; all are namespaced. */
export const RESOURCES = {
  environments: { group: GROUP, version: VERSION, plural: PLURAL, kind: KIND, namespaced: true },
  backups: { group: GROUP, version: VERSION, plural: BACKUP_PLURAL, kind: BACKUP_KIND, namespaced: true },
  restores: { group: GROUP, version: VERSION, plural: RESTORE_PLURAL, kind: RESTORE_KIND, namespaced: true },
  deployments: { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment', namespaced: true },
  statefulSets: {
    group: 'apps',
    version: 'v1',
    plural: 'statefulsets',
    kind: 'StatefulSet',
    namespaced: true,
  },
  controllerRevisions: {
    group: 'apps',
    version: 'v1',
    plural: 'controllerrevisions',
    kind: 'ControllerRevision',
    namespaced: true,
  },
  services: { group: '', version: 'v1', plural: 'services', kind: 'Service', namespaced: true },
  configMaps: { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true },
  serviceAccounts: {
    group: '',
    version: 'v1',
    plural: 'serviceaccounts',
    kind: 'ServiceAccount',
    namespaced: true,
  },
  secrets: { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true },
  pods: { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true },
  endpointSlices: {
    group: 'discovery.k8s.io',
    version: 'v1',
    plural: 'endpointslices',
    kind: 'EndpointSlice',
    namespaced: true,
  },
  claims: {
    group: '',
    version: 'v1',
    plural: 'persistentvolumeclaims',
    kind: 'PersistentVolumeClaim',
    namespaced: true,
  },
  jobs: { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job', namespaced: true },
  cronJobs: { group: 'batch', version: 'v1', plural: 'cronjobs', kind: 'CronJob', namespaced: true },
  roles: {
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    plural: 'roles',
    kind: 'Role',
    namespaced: true,
  },
  roleBindings: {
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    plural: 'rolebindings',
    kind: 'RoleBinding',
    namespaced: true,
  },
  autoscalers: {
    group: 'autoscaling',
    version: 'v2',
    plural: 'horizontalpodautoscalers',
    kind: 'HorizontalPodAutoscaler',
    namespaced: true,
  },
  disruptionBudgets: {
    group: 'policy',
    version: 'v1',
    plural: 'poddisruptionbudgets',
    kind: 'PodDisruptionBudget',
    namespaced: true,
  },
  networkPolicies: {
    group: 'networking.k8s.io',
    version: 'v1',
    plural: 'networkpolicies',
    kind: 'NetworkPolicy',
    namespaced: true,
  },
  routes: {
    group: 'gateway.networking.k8s.io',
    version: 'v1',
    plural: 'httproutes',
    kind: 'HTTPRoute',
    namespaced: true,
  },
  gateways: {
    group: 'gateway.networking.k8s.io',
    version: 'v1',
    plural: 'gateways',
    kind: 'Gateway',
    namespaced: true,
  },
  // cert-manager gives the Certificate of a Gateway the Gateway's labels.
  certificates: {
    group: 'cert-manager.io',
    version: 'v1',
    plural: 'certificates',
    kind: 'Certificate',
    namespaced: true,
  },
  serviceMonitors: {
    group: 'monitoring.coreos.com',
    version: 'v1',
    plural: 'servicemonitors',
    kind: 'ServiceMonitor',
    namespaced: true,
  },
  prometheusRules: {
    group: 'monitoring.coreos.com',
    version: 'v1',
    plural: 'prometheusrules',
    kind: 'PrometheusRule',
    namespaced: true,
  },
} as const satisfies Record<string, Resource>;

/** What the operator watches besides environments. Secrets are not: it may create them, and never reads one. */
export const WATCHED = Object.entries(RESOURCES)
  .filter(([key]) => key !== 'environments' && key !== 'secrets')
  .map(([, resource]) => resource as Resource);

/**
 * Claims are made by the StatefulSet's controller, which gives them the labels that select its pods and no other; backups and
 * restores are the users', and have the labels that they like.
 */
export function watchSelector({ kind }: Resource): string | undefined {
  if (NAME_THEIR_ENVIRONMENT.has(kind)) return undefined;
  return kind === RESOURCES.claims.kind ? LABELS.environment : MANAGED_SELECTOR;
}

/** Kinds of which the users make objects for an environment. */
const NAME_THEIR_ENVIRONMENT: ReadonlySet<string> = new Set([
  RESOURCES.backups.kind,
  RESOURCES.restores.kind,
]);

/** Name of the environment that an object is about. */
export function environmentOf({ kind, metadata, spec }: KubeObject): string | undefined {
  if (NAME_THEIR_ENVIRONMENT.has(kind)) return (spec as { environment?: string } | undefined)?.environment;
  return metadata.labels?.[LABELS.environment];
}

const BY_KIND = new Map<string, Resource>(
  Object.values(RESOURCES).map((resource) => [resource.kind, resource]),
);

export function resourceOf(kind: string): Resource {
  const resource = BY_KIND.get(kind);
  if (!resource) throw new Error(`the operator has no resource for kind ${kind}: add it to RESOURCES`);
  return resource;
}
