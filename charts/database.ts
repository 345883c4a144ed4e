import { Chart } from 'cdk8s';
import { ConfigMap, k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { databaseName, labels, names, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import { placementOf } from './placement.ts';
import {
  podMetadata,
  podSpec,
  SECRETS_FOLDER,
  scratch,
  secretFiles,
  selector,
  settingsFiles,
} from './pod.ts';
import { amount } from './quantity.ts';

export const DATABASE_PORT = 5432;

export const SETTINGS_FOLDER = '/etc/cryptosense/postgresql.d';
export const SETTINGS_FILE = 'cryptosense.conf';

/** The login role of the application; the operator makes its password. */
const APP_USER = 'cryptosense';

/**
 * Settings in proportion to the pod's memory, in the guide's proportions: 8 GiB give exactly its numbers
 * (shared_buffers 2GB, effective_cache_size 6GB, work_mem 16MB, maintenance_work_mem 512MB).
 */
export function databaseSettings(memory: string): Record<string, string> {
  const kilobytes = Math.floor(amount(memory) / 1024);
  const part = (share: number, least: number) => `${Math.max(Math.floor(kilobytes * share), least)}kB`;
  return {
    max_connections: '200',
    shared_buffers: part(1 / 4, 16_384),
    effective_cache_size: part(3 / 4, 32_768),
    work_mem: part(1 / 512, 1024),
    maintenance_work_mem: part(1 / 16, 8192),
    random_page_cost: '1.1',
  };
}

/** The file of settings that the pod reads after those of the image: the user's parameters over the tier's. */
export function settingsFile({ resources, parameters }: ResolvedEnvironment['spec']['database']): string {
  return Object.entries({ ...databaseSettings(resources.memory), ...parameters })
    .map(([key, value]) => `${key} = '${value}'\n`)
    .join('');
}

/** One PostgreSQL with its volume, the Service that clients use and the one that gives its pods names. */
export class DatabaseChart extends Chart {
  constructor(scope: Construct, environment: ResolvedEnvironment) {
    super(scope, 'database', {
      namespace: environment.namespace,
      labels: labels(environment.name, 'database'),
    });
    const { name, spec } = environment;
    const own = names(name);
    const matchLabels = selector(name, 'database');
    const files = { [SETTINGS_FILE]: settingsFile(spec.database) };

    new ConfigMap(this, 'settings', { metadata: { name: own.database }, data: files });
    const ports = [
      { name: 'postgresql', port: DATABASE_PORT, targetPort: k8s.IntOrString.fromString('postgresql') },
    ];
    new k8s.KubeService(this, 'service', {
      metadata: { name: own.database },
      spec: { selector: matchLabels, ports },
    });
    new k8s.KubeService(this, 'members', {
      metadata: { name: own.databaseMembers },
      spec: { clusterIp: 'None', publishNotReadyAddresses: true, selector: matchLabels, ports },
    });
    new k8s.KubeStatefulSet(this, 'database', {
      metadata: { name: own.database },
      spec: {
        serviceName: own.databaseMembers,
        replicas: 1,
        selector: { matchLabels },
        template: { metadata: podMetadata(environment, 'database', files), spec: this.#pod(environment) },
        volumeClaimTemplates: [claim('data', spec.database)],
        // The volume outlives the StatefulSet: it is the data.
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      },
    });
  }

  #pod(environment: ResolvedEnvironment): k8s.PodSpec {
    const { name, spec } = environment;
    const own = names(name);
    const ready = { exec: { command: ['pg_isready', '-q', '-h', '/var/run/postgresql'] }, timeoutSeconds: 5 };
    return podSpec({
      selector: selector(name, 'database'),
      container: {
        name: 'database',
        image: spec.database.image,
        ports: [{ name: 'postgresql', containerPort: DATABASE_PORT }],
        env: [
          { name: 'POSTGRES_USER', value: 'postgres' },
          { name: 'POSTGRES_DB', value: databaseName(spec.tier) },
          { name: 'POSTGRES_PASSWORD_FILE', value: `${SECRETS_FOLDER}/POSTGRES_PASSWORD` },
          { name: 'APP_USER', value: APP_USER },
          { name: 'APP_PASSWORD_FILE', value: `${SECRETS_FOLDER}/APP_PASSWORD` },
          { name: 'PGDATA', value: '/var/lib/postgresql/data/pgdata' },
        ],
        // Half an hour: after a crash PostgreSQL replays its log first, and must not be killed while it does.
        startupProbe: { ...ready, periodSeconds: 2, failureThreshold: 900 },
        readinessProbe: { ...ready, periodSeconds: 5, failureThreshold: 2 },
        livenessProbe: { ...ready, periodSeconds: 30, failureThreshold: 3 },
      },
      resources: spec.database.resources,
      mounts: [
        secretFiles(own.credentials, ['POSTGRES_PASSWORD', 'APP_PASSWORD']),
        settingsFiles(own.database, SETTINGS_FOLDER),
        scratch('tmp', '/tmp', '64Mi'),
        scratch('run', '/var/run/postgresql', '1Mi'),
        // Parallel queries share memory through /dev/shm, and the 64 MiB that a container gets are soon too few.
        scratch('shm', '/dev/shm', spec.database.resources.memory, 'Memory'),
      ],
      claim: { name: 'data', path: '/var/lib/postgresql/data' },
      // A checkpoint of a full cache has to fit into a clean stop.
      terminationGraceSeconds: 120,
      placement: placementOf(environment),
    });
  }
}

/** The claim of one volume of a StatefulSet. */
export function claim(
  name: string,
  { storage, storageClassName }: { storage: string; storageClassName?: string },
): k8s.KubePersistentVolumeClaimProps {
  return {
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: k8s.Quantity.fromString(storage) } },
      ...(storageClassName === undefined ? {} : { storageClassName }),
    },
  };
}
