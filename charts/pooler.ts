import { Chart } from 'cdk8s';
import { ConfigMap, k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { databaseName, labels, names, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import { AUTHORITY_FILE, verifiedConnections } from './authority.ts';
import { DATABASE_PORT } from './database-services.ts';
import { exported, POOLER_SOCKET, withExporter } from './exporters.ts';
import { placementOf } from './placement.ts';
import {
  newPodFirst,
  podMetadata,
  podSpec,
  SECRETS_FOLDER,
  secretFiles,
  selector,
  settingsFiles,
} from './pod.ts';

export const POOLER_PORT = 6432;

/** PgBouncer in front of the database: the guide's numbers, SCRAM in place of md5. */
export class PoolerChart extends Chart {
  constructor(scope: Construct, environment: ResolvedEnvironment) {
    super(scope, 'pooler', { namespace: environment.namespace, labels: labels(environment.name, 'pooler') });
    const { name, spec } = environment;
    const own = names(name);
    const matchLabels = selector(name, 'pooler');
    const files = { 'pgbouncer.ini': poolerSettings(environment) };

    new ConfigMap(this, 'settings', { metadata: { name: own.pooler }, data: files });
    new k8s.KubeService(this, 'service', {
      metadata: { name: own.pooler },
      spec: {
        selector: matchLabels,
        ports: [
          { name: 'pgbouncer', port: POOLER_PORT, targetPort: k8s.IntOrString.fromString('pgbouncer') },
        ],
      },
    });
    new k8s.KubePodDisruptionBudget(this, 'budget', {
      metadata: { name: own.pooler },
      spec: {
        maxUnavailable: k8s.IntOrString.fromNumber(1),
        selector: { matchLabels },
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
      },
    });
    const tcp = { tcpSocket: { port: k8s.IntOrString.fromString('pgbouncer') } };
    new k8s.KubeDeployment(this, 'pooler', {
      metadata: { name: own.pooler },
      spec: {
        replicas: spec.pooler.replicas,
        revisionHistoryLimit: 2,
        // A new pod first: with one replica the other order would cut the API off its database.
        strategy: newPodFirst(),
        selector: { matchLabels },
        template: {
          metadata: podMetadata(environment, 'pooler', files),
          spec: withExporter(
            podSpec({
              selector: matchLabels,
              container: {
                name: 'pooler',
                image: spec.pooler.image,
                ports: [{ name: 'pgbouncer', containerPort: POOLER_PORT }],
                readinessProbe: { ...tcp, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2 },
                livenessProbe: { ...tcp, periodSeconds: 30, timeoutSeconds: 5, failureThreshold: 3 },
              },
              resources: spec.pooler.resources,
              mounts: [
                secretFiles(own.credentials, ['userlist.txt']),
                ...verifiedConnections(environment).mounts,
                settingsFiles(own.pooler, '/etc/pgbouncer'),
              ],
              terminationGraceSeconds: 60,
              placement: placementOf(environment),
            }),
            environment,
            'pooler',
          ),
        },
      },
    });
  }
}

/**
 * A second name for the database that leads to its replicas. A connection that is open stays with a replica that becomes
 * primary, for an hour at most (server_lifetime); so that nobody writes by it, its sessions are told to only read.
 */
function readPool({ name, spec }: ResolvedEnvironment): string {
  const { replicaPoolSize } = spec.pooler;
  if (replicaPoolSize === undefined) return '';
  const database = databaseName(spec.tier);
  const readOnly = "connect_query='set session characteristics as transaction read only'";
  return `${database}_ro = host=${names(name).databaseReplicas} port=${DATABASE_PORT} dbname=${database} pool_size=${replicaPoolSize} reserve_pool=0 max_db_connections=${replicaPoolSize} ${readOnly}\n`;
}

/** The name of the host is verified as well: of a database with the same authority there is only this one. */
function encryption({ spec }: ResolvedEnvironment): string {
  if (spec.database.tls !== 'required') return '';
  return `server_tls_sslmode = verify-full\nserver_tls_ca_file = ${AUTHORITY_FILE}\n`;
}

/**
 * max_db_connections: while the login is rotated there are two pools, which together may have no more than one.
 * server_login_retry: after a failed login to the database PgBouncer refuses every client until it tries again. By
 * default that is 15 s later, and so the restart of a database would last that much longer for the API. tcp_…: a primary whose
 * node or network is gone answers nothing; without them its connections, and who waits for them, would hang for a quarter
 * of an hour.
 */
function poolerSettings(environment: ResolvedEnvironment): string {
  const { name, spec } = environment;
  const database = databaseName(spec.tier);
  return `[databases]
${database} = host=${names(name).database} port=${DATABASE_PORT} dbname=${database}
${readPool(environment)}
[pgbouncer]
listen_addr = *
listen_port = ${POOLER_PORT}
unix_socket_dir =${exported(environment).includes('pooler') ? ` ${POOLER_SOCKET}` : ''}
auth_type = scram-sha-256
auth_file = ${SECRETS_FOLDER}/userlist.txt
pool_mode = transaction
max_client_conn = ${spec.pooler.maxClientConnections}
default_pool_size = ${spec.pooler.poolSize}
reserve_pool_size = ${spec.pooler.reservePoolSize}
max_db_connections = ${spec.pooler.poolSize + spec.pooler.reservePoolSize}
server_login_retry = 0.2
server_connect_timeout = 5
tcp_keepidle = 5
tcp_keepintvl = 2
tcp_keepcnt = 3
tcp_user_timeout = 12000
${encryption(environment)}ignore_startup_parameters = extra_float_digits
`;
}
