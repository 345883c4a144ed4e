import { k8s } from 'cdk8s-plus-28';
import { type Component, databaseName, LABELS, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import { SECRETS_FOLDER, scratch } from './pod.ts';

/** A namespace with this label may read the pods' /metrics: that of Prometheus. */
export const MONITORING_LABEL = 'cryptosense.io/monitoring';

/** The port of a pod that answers Prometheus, in every pod but the API's and the predictor's. */
export const METRICS_PORT = 'metrics';

/** Where PgBouncer lets in who runs as the same user, without a password. */
export const POOLER_SOCKET = '/var/run/pgbouncer';

interface Exporter {
  readonly port: number;
  readonly args: readonly string[];
  readonly env: (environment: ResolvedEnvironment) => k8s.EnvVar[];
  /** Volumes of the pod, by name, that the exporter sees. */
  readonly mounts: readonly k8s.VolumeMount[];
  /** Volumes that the pod has for its sake, which its first container sees at the same place. */
  readonly volumes?: readonly { volume: k8s.Volume; path: string }[];
  /** A volume of its own. */
  readonly scratch?: ReturnType<typeof scratch>;
}

const socket = scratch('socket', POOLER_SOCKET, '1Mi');

/** None of them needs a password in its environment: PostgreSQL and PgBouncer know the user that it runs as. */
export const EXPORTERS = {
  database: {
    port: 9187,
    // The sizes of tables need a lock on each of them: while somebody holds one, every scrape would wait, in a session of its
    // own, until no connection is left and nothing is known of the very fault.
    args: ['postgres', '--web.listen-address=:9187', '--no-collector.stat_user_tables'],
    // The superuser logs in, and gives everything up but the right to look, and to wait. The exporter takes a login for malformed
    // in which a word has no "=": hence "--", which PostgreSQL takes for "-c".
    env: ({ spec }) => [
      {
        name: 'DATA_SOURCE_NAME',
        value: `user=postgres host=/var/run/postgresql dbname=${databaseName(spec.tier)} sslmode=disable options='-c role=pg_monitor --lock_timeout=1000 --statement_timeout=5000'`,
      },
    ],
    mounts: [{ name: 'run', mountPath: '/var/run/postgresql' }],
    // In front of the token, which Patroni needs and it does not.
    scratch: scratch('no-token', '/var/run/secrets/kubernetes.io/serviceaccount', '1Mi'),
  },
  pooler: {
    port: 9127,
    args: ['pgbouncer', '--web.listen-address=:9127'],
    env: () => [
      {
        name: 'PGBOUNCER_EXPORTER_CONNECTION_STRING',
        value: `user=pgbouncer host=${POOLER_SOCKET} port=6432 dbname=pgbouncer sslmode=disable`,
      },
    ],
    mounts: [{ name: 'socket', mountPath: POOLER_SOCKET }],
    volumes: [{ volume: socket.volume, path: POOLER_SOCKET }],
  },
  cache: {
    port: 9121,
    args: ['redis', '--web.listen-address=:9121'],
    env: () => [{ name: 'CACHE_AUTH', value: `${SECRETS_FOLDER}/redis-auth.conf` }],
    mounts: [{ name: 'secrets', mountPath: SECRETS_FOLDER, readOnly: true }],
    scratch: scratch('exporter', '/tmp', '1Mi'),
  },
} satisfies Partial<Record<Component, Exporter>>;

export type Exported = keyof typeof EXPORTERS;

/** The components whose pods have an exporter; none where they are switched off. */
export function exported({ spec }: ResolvedEnvironment): Exported[] {
  return spec.observability.exporters.enabled ? (Object.keys(EXPORTERS) as Exported[]) : [];
}

/** `pod` of `component` with its exporter beside it, where the environment asks for one. */
export function withExporter(
  pod: k8s.PodSpec,
  environment: ResolvedEnvironment,
  component: Exported,
): k8s.PodSpec {
  const [first, ...others] = pod.containers;
  if (!exported(environment).includes(component) || first === undefined) return pod;
  const exporter: Exporter = EXPORTERS[component];
  const { image, resources } = environment.spec.observability.exporters;
  const memory = k8s.Quantity.fromString(resources.memory);
  const added = exporter.volumes ?? [];
  const own = exporter.scratch;
  const container: k8s.Container = {
    name: 'exporter',
    image,
    args: [...exporter.args],
    env: exporter.env(environment),
    ports: [{ name: METRICS_PORT, containerPort: exporter.port }],
    imagePullPolicy: 'IfNotPresent',
    resources: {
      requests: { cpu: k8s.Quantity.fromString(resources.cpu), memory },
      limits: { memory },
    },
    ...(first.securityContext ? { securityContext: first.securityContext } : {}),
    volumeMounts: [...exporter.mounts, ...(own ? [{ name: own.volume.name, mountPath: own.path }] : [])],
  };
  return {
    ...pod,
    containers: [
      {
        ...first,
        volumeMounts: [
          ...(first.volumeMounts ?? []),
          ...added.map(({ volume, path }) => ({ name: volume.name, mountPath: path })),
        ],
      },
      ...others,
      container,
    ],
    volumes: [...(pod.volumes ?? []), ...added.map(({ volume }) => volume), ...(own ? [own.volume] : [])],
  };
}

/** Lets Prometheus reach the exporters. A policy of its own: what several allow is allowed. */
export function exporterPolicy(environment: ResolvedEnvironment, name: string): k8s.KubeNetworkPolicyProps {
  const port = (component: Exported) => ({
    protocol: 'TCP',
    port: k8s.IntOrString.fromNumber(EXPORTERS[component].port),
  });
  return {
    metadata: { name },
    spec: {
      podSelector: {
        matchLabels: { [LABELS.environment]: environment.name },
        matchExpressions: [{ key: LABELS.component, operator: 'In', values: exported(environment) }],
      },
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [{ namespaceSelector: { matchLabels: { [MONITORING_LABEL]: 'true' } } }],
          ports: exported(environment).map(port),
        },
      ],
    },
  };
}
