import { k8s } from 'cdk8s-plus-28';
import type { ResolvedEnvironment } from '../operator/api/resolved.ts';
import { AGENT_PORT } from '../operator/backup/agent.ts';
import { stanzaOf } from '../operator/backup/repository.ts';
import { backupFiles, backupPlace } from './backup-files.ts';

/** In the image of the database. */
const PROGRAM = ['node', '/usr/local/lib/cryptosense/backup.mjs'];

/** What a command of the program is called with. */
export function programArgs(...args: string[]): string[] {
  return [...PROGRAM, ...args];
}

/**
 * The log goes to the bucket at least once a minute, so that at most what a minute and one upload take can be lost. A file
 * of settings of its own: nothing of it is in force while no backups are taken.
 */
export function archiveSettings(environment: ResolvedEnvironment): Record<string, string> {
  if (!backupPlace(environment)) return {};
  const settings = [
    'archive_mode = on',
    "archive_command = 'pgbackrest-repository.sh archive-push %p'",
    'archive_timeout = 60s',
  ];
  return { 'archive.conf': `${settings.join('\n')}\n` };
}

/**
 * The pod of a member of the database with the agent beside it, where backups are taken: it reads the data, which it
 * cannot write, and speaks to PostgreSQL through the socket, as the database's own container does.
 */
export function withAgent(
  pod: k8s.PodSpec,
  environment: ResolvedEnvironment,
  data: k8s.VolumeMount,
): k8s.PodSpec {
  const place = backupPlace(environment);
  const [database, ...others] = pod.containers;
  if (!place || !database) return pod;
  const { path: mountPath, volume } = backupFiles(environment.name, place);
  const files: k8s.VolumeMount = { name: volume.name, mountPath, readOnly: true };
  const socket = database.volumeMounts?.find((mount) => mount.mountPath === '/var/run/postgresql');
  const probe = {
    httpGet: { path: '/healthz', port: k8s.IntOrString.fromString('agent') },
    timeoutSeconds: 5,
  };
  // Of an archive that is not the first one the pod is told by itself: its files may be of a moment before.
  const { name, spec } = environment;
  const stanza =
    spec.backup.stanza === undefined
      ? []
      : [{ name: 'PGBACKREST_STANZA', value: stanzaOf(name, spec.backup.stanza) }];
  const agent: k8s.Container = {
    name: 'backup',
    image: environment.spec.database.image,
    args: programArgs('agent'),
    imagePullPolicy: 'IfNotPresent',
    ports: [{ name: 'agent', containerPort: AGENT_PORT }],
    env: [{ name: 'PGDATA', value: '/var/lib/postgresql/data/pgdata' }, ...stanza],
    // Not a readiness probe: a database is ready without its backups.
    livenessProbe: { ...probe, periodSeconds: 30, failureThreshold: 4, initialDelaySeconds: 10 },
    resources: {
      requests: { cpu: k8s.Quantity.fromString('50m'), memory: k8s.Quantity.fromString('256Mi') },
      limits: { memory: k8s.Quantity.fromString('256Mi') },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      files,
      { ...data, readOnly: true },
      ...(socket ? [socket] : []),
      { name: 'backup-tmp', mountPath: '/tmp' },
    ],
  };
  return {
    ...pod,
    containers: [
      {
        ...database,
        ...(stanza.length === 0 ? {} : { env: [...(database.env ?? []), ...stanza] }),
        volumeMounts: [...(database.volumeMounts ?? []), files],
      },
      ...others,
      agent,
    ],
    volumes: [
      ...(pod.volumes ?? []),
      volume,
      { name: 'backup-tmp', emptyDir: { sizeLimit: k8s.Quantity.fromString('64Mi') } },
    ],
  };
}
