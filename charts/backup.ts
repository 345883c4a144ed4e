import { Chart } from 'cdk8s';
import { ConfigMap, k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { labels, names, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import { BACKUP_PLURAL, GROUP } from '../operator/api/well-known.ts';
import type { BackupType } from '../operator/backup/record.ts';
import { STARTING_DEADLINE_SECONDS } from '../operator/backup/schedule.ts';
import { verifiedConnections } from './authority.ts';
import { programArgs } from './backup-agent.ts';
import { type BackupPlace, backupFiles, backupPlace, backupSettings } from './backup-files.ts';
import { placementOf } from './placement.ts';
import { type Mount, podSpec, scratch, selector } from './pod.ts';

/** For a full backup, a dump and a restore of each. */
const DEADLINE_SECONDS = 6 * 3600;
/** What the program gets of it: it has to write down in time that there was too little. */
const MARGIN_SECONDS = 120;
const DAY_SECONDS = 86_400;
export const SCRATCH = '/scratch';

/** What a Job that somebody asked for takes. */
export interface OneBackup {
  readonly job: string;
  readonly name: string;
  readonly type: BackupType;
}

/**
 * What takes the backups, without the operator: the CronJob, the settings that it shares with the agents, and the account
 * that its pods write CryptoSenseBackups with. Empty while no backups are taken.
 */
export class BackupChart extends Chart {
  constructor(scope: Construct, environment: ResolvedEnvironment) {
    const labelled = labels(environment.name, 'backup');
    super(scope, 'backup', { namespace: environment.namespace, labels: labelled });
    const place = backupPlace(environment);
    if (!place) return;
    const { backup: name } = names(environment.name);
    const { schedule } = environment.spec.backup;
    new ConfigMap(this, 'settings', { metadata: { name }, data: backupSettings(environment, place) });
    this.#account(environment);
    new k8s.KubeCronJob(this, 'schedule', {
      metadata: { name },
      spec: {
        schedule,
        timeZone: 'Etc/UTC',
        concurrencyPolicy: 'Forbid',
        startingDeadlineSeconds: STARTING_DEADLINE_SECONDS,
        successfulJobsHistoryLimit: 1,
        failedJobsHistoryLimit: 1,
        jobTemplate: {
          metadata: { labels: labelled },
          spec: jobSpec(environment, place, ['scheduled'], [{ name: 'CRON_JOB_NAME', value: name }]),
        },
      },
    });
  }

  /** May make CryptoSenseBackups and write their status, and nothing else. */
  #account(environment: ResolvedEnvironment): void {
    const { backup: name } = names(environment.name);
    const apiGroup = 'rbac.authorization.k8s.io';
    new k8s.KubeServiceAccount(this, 'account', {
      metadata: { name },
      automountServiceAccountToken: false,
    });
    new k8s.KubeRole(this, 'role', {
      metadata: { name },
      rules: [
        { apiGroups: [GROUP], resources: [BACKUP_PLURAL], verbs: ['get', 'create'] },
        { apiGroups: [GROUP], resources: [`${BACKUP_PLURAL}/status`], verbs: ['patch'] },
      ],
    });
    new k8s.KubeRoleBinding(this, 'binding', {
      metadata: { name },
      roleRef: { apiGroup, kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: environment.namespace }],
    });
  }
}

/** The Job of one CryptoSenseBackup that somebody made. */
export class BackupJobChart extends Chart {
  constructor(scope: Construct, environment: ResolvedEnvironment, { job, name, type }: OneBackup) {
    super(scope, 'backup-job', {
      namespace: environment.namespace,
      labels: labels(environment.name, 'backup'),
    });
    const place = backupPlace(environment);
    if (!place) return;
    new k8s.KubeJob(this, 'job', {
      metadata: { name: job },
      spec: { ...jobSpec(environment, place, ['take', type, name]), ttlSecondsAfterFinished: DAY_SECONDS },
    });
  }
}

function jobSpec(
  environment: ResolvedEnvironment,
  place: BackupPlace,
  args: string[],
  env: k8s.EnvVar[] = [],
): k8s.JobSpec {
  const { name, spec } = environment;
  const verified = verifiedConnections(environment);
  const fieldPath = "metadata.labels['batch.kubernetes.io/job-name']";
  return {
    // What failed is said, and taken again at the next slot; only a pod that was lost is made up for.
    backoffLimit: 1,
    activeDeadlineSeconds: DEADLINE_SECONDS,
    podFailurePolicy: {
      rules: [
        { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
        // The types, older than the API, ask for both kinds of condition; the API takes one.
        { action: 'FailJob', onExitCodes: { operator: 'In', values: [1, 2] } } as k8s.PodFailurePolicyRule,
      ],
    },
    template: {
      metadata: { labels: labels(name, 'backup') },
      spec: podSpec({
        selector: selector(name, 'backup'),
        container: {
          name: 'backup',
          image: spec.database.image,
          args: programArgs(...args),
          env: [
            ...env,
            { name: 'JOB_NAME', valueFrom: { fieldRef: { fieldPath } } },
            { name: 'DEADLINE_SECONDS', value: String(DEADLINE_SECONDS - MARGIN_SECONDS) },
            { name: 'SCRATCH_FOLDER', value: SCRATCH },
            ...verified.env,
          ],
          terminationMessagePolicy: 'FallbackToLogsOnError',
        },
        resources: { cpu: '100m', memory: '512Mi' },
        mounts: [
          backupFiles(name, place, { login: true }),
          ...verified.mounts,
          scratch('tmp', '/tmp', '256Mi'),
          scratchVolume(environment),
        ],
        serviceAccount: { name: names(name).backup, token: true },
        restartPolicy: 'Never',
        terminationGraceSeconds: 60,
        placement: placementOf(environment),
      }),
    },
  };
}

/** Where a backup is restored to: a volume that has room for the whole database, and goes with the pod. */
export function scratchVolume({ spec }: ResolvedEnvironment): Mount {
  const { storage, storageClassName } = spec.database;
  const claim = {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: k8s.Quantity.fromString(storage) } },
    ...(storageClassName === undefined ? {} : { storageClassName }),
  };
  const volume = { name: 'scratch', ephemeral: { volumeClaimTemplate: { spec: claim } } };
  return { path: SCRATCH, volume, readOnly: false };
}
