import { Chart } from 'cdk8s';
import { ConfigMap, k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { labels, names, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import { authorityFiles } from './authority.ts';
import { archiveSettings, withAgent } from './backup-agent.ts';
import { DATABASE_FOLDER, DATABASE_SECRETS, databaseEnv } from './database-env.ts';
import { membersRights } from './database-rights.ts';
import { DATABASE_PORT, databaseServices } from './database-services.ts';
import { withExporter } from './exporters.ts';
import { clusterConfiguration, memberLabels, PATRONI_PORT, patroniFile } from './patroni.ts';
import { placementOf } from './placement.ts';
import {
  annotationsFile,
  budget,
  type Mount,
  podMetadata,
  podSpec,
  scratch,
  secretFiles,
  selector,
  settingsFiles,
} from './pod.ts';
import { amount } from './quantity.ts';
import { recoverySettings, withRecovery } from './recovery.ts';
import { settingsHash } from './template.ts';

export const SETTINGS_FOLDER = '/etc/cryptosense/postgresql.d';
export const SETTINGS_FILE = 'cryptosense.conf';

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

/** What the pod finds in SETTINGS_FOLDER. `hash` names all the rest: a member says by it which settings it runs with. */
function settingsFilesOf(environment: ResolvedEnvironment): Record<string, string> {
  const { database } = environment.spec;
  const settings = { ...databaseSettings(database.resources.memory), ...database.parameters };
  const conf = settingsFile(database);
  const archive = archiveSettings(environment);
  const tls = database.tls === undefined ? {} : { tls: database.tls };
  const cluster = JSON.stringify(clusterConfiguration(database, settings), null, 2);
  // An environment never changes its name: without it the hash of a template is that of all made from it.
  const patroni = JSON.stringify(patroniFile({ name: '', namespace: '' }));
  return {
    [SETTINGS_FILE]: conf,
    'dynamic.json': `${cluster}\n`,
    'patroni.yml': `${JSON.stringify(patroniFile(environment), null, 2)}\n`,
    ...archive,
    ...tls,
    hash: settingsHash({ conf, cluster, patroni, ...archive, ...tls }),
  };
}

/**
 * PostgreSQL as a Patroni cluster of one or more members, each with its volume. The Service that clients use has no
 * selector: Patroni itself leads it to the primary, in the same write by which a member becomes that.
 */
export class DatabaseChart extends Chart {
  constructor(scope: Construct, environment: ResolvedEnvironment) {
    super(scope, 'database', {
      namespace: environment.namespace,
      labels: labels(environment.name, 'database'),
    });
    const { name, spec } = environment;
    const own = names(name);
    const matchLabels = selector(name, 'database');
    const { members } = spec.database;

    const recovery = recoverySettings(environment);
    if (recovery) new ConfigMap(this, 'recovery', { metadata: { name: own.recovery }, data: recovery });
    new ConfigMap(this, 'settings', {
      metadata: { name: own.database },
      data: settingsFilesOf(environment),
    });
    databaseServices(this, environment);
    membersRights(this, environment);
    if (members > 1) {
      new k8s.KubePodDisruptionBudget(this, 'budget', {
        metadata: { name: own.database },
        spec: budget(matchLabels),
      });
    }
    const { labels: podLabels = {}, ...metadata } = podMetadata(environment, 'database', {});
    new k8s.KubeStatefulSet(this, 'database', {
      metadata: { name: own.database },
      spec: {
        serviceName: own.databaseMembers,
        replicas: members,
        // A member that waits for a primary must not keep the others from starting.
        podManagementPolicy: 'Parallel',
        // The operator replaces pods: replicas first, one at a time, the primary last (operator/database/members.ts).
        updateStrategy: { type: 'OnDelete' },
        selector: { matchLabels },
        template: {
          metadata: { ...metadata, labels: { ...podLabels, ...memberLabels(name) } },
          spec: withAgent(
            withExporter(withRecovery(this.#pod(environment), environment), environment, 'database'),
            environment,
            {
              name: 'data',
              mountPath: DATABASE_FOLDER,
            },
          ),
        },
        volumeClaimTemplates: [claim('data', spec.database)],
        // The volume outlives the StatefulSet: it is the data.
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      },
    });
  }

  #pod(environment: ResolvedEnvironment): k8s.PodSpec {
    const { name, spec } = environment;
    const own = names(name);
    const ask = (path: string) => ({
      httpGet: { path, port: k8s.IntOrString.fromString('patroni') },
      timeoutSeconds: 5,
    });
    const field = (variable: string, fieldPath: string) => ({
      name: variable,
      valueFrom: { fieldRef: { fieldPath } },
    });
    return podSpec({
      selector: selector(name, 'database'),
      container: {
        name: 'database',
        image: spec.database.image,
        args: ['member.sh'],
        ports: [
          { name: 'postgresql', containerPort: DATABASE_PORT },
          { name: 'patroni', containerPort: PATRONI_PORT },
        ],
        env: [
          field('POD_NAME', 'metadata.name'),
          field('POD_NAMESPACE', 'metadata.namespace'),
          field('POD_IP', 'status.podIP'),
          ...databaseEnv(spec.tier),
          ...(spec.database.restored === undefined
            ? []
            : [{ name: 'DATA_GENERATION', value: spec.database.restored }]),
        ],
        // Half an hour: the first start makes the database, or replays the log of one that crashed.
        startupProbe: { ...ask('/liveness'), periodSeconds: 2, failureThreshold: 900 },
        readinessProbe: { ...ask('/readiness'), periodSeconds: 5, failureThreshold: 2 },
        // About Patroni's own loop, which goes on without the API server. A minute: longer than any of its deadlines.
        livenessProbe: { ...ask('/liveness'), periodSeconds: 10, failureThreshold: 6 },
      },
      resources: spec.database.resources,
      mounts: [
        secretFiles(own.credentials, DATABASE_SECRETS),
        loginFile(own.credentials),
        authorityFiles(name, ['ca.crt', 'ca.key']),
        settingsFiles(own.database, SETTINGS_FOLDER),
        annotationsFile('/etc/cryptosense/pod'),
        scratch('tmp', '/tmp', '64Mi'),
        scratch('run', '/var/run/postgresql', '1Mi'),
        // Parallel queries share memory through /dev/shm, and the 64 MiB that a container gets are soon too few.
        scratch('shm', '/dev/shm', spec.database.resources.memory, 'Memory'),
      ],
      claim: { name: 'data', path: DATABASE_FOLDER },
      serviceAccount: { name: own.database, token: true },
      // A checkpoint of a full cache has to fit into a clean stop.
      terminationGraceSeconds: 120,
      placement: placementOf(environment),
    });
  }
}

/** The application's logins, from the first rotation on: images/database/member/logins.py. */
function loginFile(secretName: string): Mount {
  const items = [{ key: 'LOGINS', path: 'LOGINS' }];
  const secret = { secretName, items, optional: true, defaultMode: 0o440 };
  return { path: '/etc/cryptosense/logins', volume: { name: 'logins', secret }, readOnly: true };
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
