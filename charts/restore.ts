import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { labels, names, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import type { Target } from '../operator/restore/world.ts';
import { SCRATCH, scratchVolume } from './backup.ts';
import { programArgs } from './backup-agent.ts';
import { backupFiles, backupPlace } from './backup-files.ts';
import { DATABASE_FOLDER, DATABASE_SECRETS, databaseEnv } from './database-env.ts';
import { placementOf } from './placement.ts';
import { type Mount, podSpec, scratch, secretFiles, selector } from './pod.ts';

/** The guide's RTO: a restore that takes longer is no use. */
const DEADLINE_SECONDS = 4 * 3600;
/** What the program gets of it: it has to say in time that there was too little. */
const MARGIN_SECONDS = 120;

/** Until the log of one that failed is deleted, and with its pod the volume. */
const KEPT_SECONDS = 3600;

/** Exit codes of the program when to try again would not help. */
const REFUSED = [1, 2];

/** What is restored. */
export interface RestoreJob {
  /** Names the CryptoSenseRestore. */
  hash: string;
  /** drill: into a volume of its own. look: only whether it can be done. inPlace: beside the data of member 0. */
  kind: 'drill' | 'look' | 'inPlace';
  target: Target;
  /** Where it is restored from; left out, the program chooses. */
  stanza?: string;
  /** Names in the repository of backups of which a restore has failed. */
  broken: readonly string[];
  /** Name in the repository of a backup whose log is kept, however many newer ones there are. */
  kept?: string;
}

/** A Job of a restore. Its last words are the result. */
export class RestoreChart extends Chart {
  constructor(
    scope: Construct,
    environment: ResolvedEnvironment,
    { hash, kind, target, stanza, broken, kept }: RestoreJob,
  ) {
    const labelled = labels(environment.name, 'restore');
    super(scope, 'restore', { namespace: environment.namespace, labels: labelled });
    const place = backupPlace(environment);
    if (!place) return;
    const { name, spec } = environment;
    new k8s.KubeJob(this, 'job', {
      metadata: { name: names(name).restore(hash, kind === 'look' ? 'look' : 'main') },
      spec: {
        backoffLimit: 2,
        activeDeadlineSeconds: DEADLINE_SECONDS,
        ttlSecondsAfterFinished: KEPT_SECONDS,
        podFailurePolicy: {
          rules: [
            { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
            // The types, older than the API, ask for both kinds of condition; the API takes one.
            {
              action: 'FailJob',
              onExitCodes: { operator: 'In', values: REFUSED },
            } as k8s.PodFailurePolicyRule,
          ],
        },
        template: {
          metadata: { labels: labelled },
          spec: podSpec({
            selector: selector(name, 'restore'),
            container: {
              name: 'restore',
              image: spec.database.image,
              args: programArgs(kind === 'inPlace' ? 'in-place' : kind),
              env: [
                { name: 'RESTORE_TARGET', value: JSON.stringify(target) },
                ...(stanza === undefined ? [] : [{ name: 'RESTORE_STANZA', value: stanza }]),
                ...(broken.length === 0 ? [] : [{ name: 'RESTORE_BROKEN', value: broken.join(' ') }]),
                ...(kept === undefined ? [] : [{ name: 'RESTORE_KEPT', value: kept }]),
                ...(kind === 'inPlace'
                  ? databaseOf(environment, hash)
                  : [{ name: 'SCRATCH_FOLDER', value: SCRATCH }]),
                { name: 'DEADLINE_SECONDS', value: String(DEADLINE_SECONDS - MARGIN_SECONDS) },
              ],
              terminationMessagePolicy: 'FallbackToLogsOnError',
            },
            resources: { cpu: '250m', memory: '512Mi' },
            mounts: [
              backupFiles(name, place),
              scratch('tmp', '/tmp', '256Mi'),
              ...volumes(environment, kind),
            ],
            restartPolicy: 'Never',
            terminationGraceSeconds: 60,
            placement: placementOf(environment),
          }),
        },
      },
    });
  }
}

/** Who the restored database is to be, as its own pods are told, and where its data is. */
function databaseOf({ spec }: ResolvedEnvironment, hash: string): k8s.EnvVar[] {
  return [...databaseEnv(spec.tier), { name: 'DATA_GENERATION', value: hash }];
}

function volumes(environment: ResolvedEnvironment, kind: RestoreJob['kind']): Mount[] {
  if (kind === 'drill') return [scratchVolume(environment)];
  // A few segments of the log are read.
  if (kind === 'look') return [scratch('scratch', SCRATCH, '1Gi')];
  const its = names(environment.name);
  const volume = { name: 'data', persistentVolumeClaim: { claimName: `data-${its.database}-0` } };
  return [secretFiles(its.credentials, DATABASE_SECRETS), { path: DATABASE_FOLDER, volume, readOnly: false }];
}
