import { lookup } from 'node:dns/promises';
import {
  type Environment,
  LABELS,
  names,
  type ResolvedEnvironment,
  resolveEnvironment,
} from '../../operator/api/resolved.ts';
import { RESOURCES } from '../../operator/environment/resources.ts';
import { answered, KubeError } from '../../operator/kube/errors.ts';
import { LEASES } from '../../operator/kube/lease-record.ts';
import type { Resource } from '../../operator/kube/resources.ts';
import { listEnvironments } from '../cluster/environments.ts';
import { type Read, readAll, readParts } from '../cluster/parts.ts';
import type { Session } from '../session.ts';
import type { ClusterKind, Facts } from './facts.ts';
import { secretsOf } from './read-secrets.ts';

const HOUR_MS = 3_600_000;
const PROBE_MS = 5_000;

const cluster = (group: string, version: string, plural: string, kind: string): Resource => ({
  group,
  version,
  plural,
  kind,
  namespaced: false,
});
const VOLUMES = cluster('', 'v1', 'persistentvolumes', 'PersistentVolume');
const CLASSES = cluster('storage.k8s.io', 'v1', 'storageclasses', 'StorageClass');
const NODES = cluster('', 'v1', 'nodes', 'Node');
const ADMISSION = cluster(
  'admissionregistration.k8s.io',
  'v1',
  'validatingadmissionpolicies',
  'ValidatingAdmissionPolicy',
);
const RULES: Resource = {
  group: 'monitoring.coreos.com',
  version: 'v1',
  plural: 'prometheusrules',
  kind: 'PrometheusRule',
  namespaced: true,
};
const EVENTS: Resource = { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true };

/** Reads all that the checks may know. What may not be read is said in the facts; KubeError when the cluster fails. */
export async function readFacts(session: Session, environment: Environment): Promise<Facts> {
  const resolved = resolveEnvironment(environment);
  const [everywhere, parts, objects, groups, secrets, hosts, health] = await Promise.all([
    environmentsOf(session),
    readParts(session, environment),
    clusterOf(session, resolved),
    groupsOf(session),
    secretsOf(session, resolved),
    hostsOf(resolved),
    healthOf(session, environment, resolved),
  ]);
  return {
    now: session.now(),
    environment,
    resolved,
    ...everywhere,
    parts,
    cluster: objects,
    groups,
    secrets,
    hosts,
    health,
  };
}

async function environmentsOf(session: Session): Promise<Pick<Facts, 'environments' | 'seesEverywhere'>> {
  try {
    return { environments: await listEnvironments(session, { isEverywhere: true }), seesEverywhere: true };
  } catch (error) {
    if (!answered(error, 403)) throw error;
    return { environments: await listEnvironments(session), seesEverywhere: false };
  }
}

async function clusterOf(
  session: Session,
  { name, namespace, spec }: ResolvedEnvironment,
): Promise<Record<ClusterKind, Read>> {
  const own = { namespace, labelSelector: `${LABELS.environment}=${name}` };
  const { gateway } = spec.routing;
  const selections: Record<ClusterKind, Parameters<typeof readAll>[1]> = {
    operators: { resource: RESOURCES.pods, labelSelector: 'app.kubernetes.io/name=cryptosense-operator' },
    leases: { resource: LEASES, fieldSelector: 'metadata.name=cryptosense-operator' },
    budgets: { resource: RESOURCES.disruptionBudgets, ...own },
    policies: { resource: RESOURCES.networkPolicies, ...own },
    monitors: { resource: RESOURCES.serviceMonitors, ...own },
    rules: { resource: RULES },
    volumes: { resource: VOLUMES },
    classes: { resource: CLASSES },
    nodes: { resource: NODES },
    admission: { resource: ADMISSION },
    gateways: {
      resource: RESOURCES.gateways,
      namespace: gateway.namespace,
      fieldSelector: `metadata.name=${gateway.name}`,
    },
    events: { resource: EVENTS, namespace },
  };
  const found = await Promise.all(
    Object.entries(selections).map(
      async ([kind, selection]) => [kind, await readAll(session, selection)] as const,
    ),
  );
  const read = Object.fromEntries(found) as Record<ClusterKind, Read>;
  return {
    ...read,
    operators: await operatorsOf(session, read.operators, namespace),
    events: recent(read.events, name, session.now()),
  };
}

/** Who may not list the pods of every namespace may see those of the one where it lives. */
async function operatorsOf(session: Session, everywhere: Read, namespace: string): Promise<Read> {
  if (everywhere.missing !== 'forbidden') return everywhere;
  const labelSelector = 'app.kubernetes.io/name=cryptosense-operator';
  for (const home of ['cryptosense-system', namespace]) {
    const found = await readAll(session, { resource: RESOURCES.pods, namespace: home, labelSelector });
    if (found.items.length > 0) return found;
  }
  return everywhere;
}

/** Events of the last hour about objects that have the environment's name as the beginning of theirs. */
function recent({ items, ...rest }: Read, environment: string, now: number): Read {
  const own = items.filter((event) => {
    const { involvedObject, lastTimestamp, eventTime, series } = event as {
      involvedObject?: { name?: string };
      lastTimestamp?: string;
      eventTime?: string;
      series?: { lastObservedTime?: string };
    };
    const name = involvedObject?.name ?? '';
    const at =
      series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? event.metadata.creationTimestamp ?? '';
    return (name === environment || name.startsWith(`${environment}-`)) && now - Date.parse(at) < HOUR_MS;
  });
  return { ...rest, items: own };
}

async function groupsOf({ client, signal }: Session): Promise<string[]> {
  const { groups } = await client.request<{ groups: { name: string }[] }>({
    method: 'GET',
    path: '/apis',
    signal,
  });
  return groups.map(({ name }) => name);
}

async function hostsOf({ spec }: ResolvedEnvironment): Promise<Facts['hosts']> {
  const asked = spec.routing.hostnames.map(async (host) => [host, await isKnown(host)] as const);
  return Object.fromEntries(await Promise.all(asked));
}

async function isKnown(host: string): Promise<Facts['hosts'][string]> {
  // For *.example.com any name would have to do.
  if (host.startsWith('*')) return 'unasked';
  try {
    await lookup(host);
    return 'known';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOTFOUND' ? 'unknown' : 'unasked';
  }
}

/** Asks the API's /health by way of the API server, as kubectl get --raw does. */
async function healthOf(
  { client, signal }: Session,
  { status }: Environment,
  { name, namespace, spec }: ResolvedEnvironment,
): Promise<Facts['health']> {
  const revision = status?.stable?.revision;
  if (revision === undefined) return { problem: 'no release serves yet' };
  // With a gateway every release has a Service of its own, and without one there is one for all.
  const service = spec.routing.mode === 'service' ? names(name).api : names(name).revision(revision);
  const path = `/api/v1/namespaces/${namespace}/services/${service}:http/proxy/health`;
  try {
    await client.request({ method: 'GET', path, timeoutMs: PROBE_MS, signal });
    return { status: 200 };
  } catch (error) {
    if (error instanceof SyntaxError) return { problem: 'the answer is no JSON' };
    if (!(error instanceof KubeError)) throw error;
    if (error.code === 403) return { problem: error.message, isForbidden: true };
    const isOfServer = ['ServiceUnavailable', 'NotFound', 'Timeout', 'InternalError', 'BadRequest'].includes(
      error.reason,
    );
    return error.code === 0 || isOfServer
      ? { problem: error.message.replace(/^\S+ \S+: /, '') }
      : { status: error.code };
  }
}
