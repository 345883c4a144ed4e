import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { labels, names, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import type { Target } from '../operator/restore/world.ts';
import { SCRATCH, scratchVolume } from './backup.ts';
import { programArgs } from './backup-agent.ts';
import { backupFiles, backupPlace } from './backup-files.ts';
import { placementOf } from './placement.ts';
import { podSpec, scratch, selector } from './pod.ts';

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
  target: Target;
  /** Where it is restored from; left out, the program chooses. */
  stanza?: string;
  /** Names in the repository of backups of which a restore has failed. */
  broken: readonly string[];
}

/** The Job of a drill: it restores into a volume of its own, which goes with its pod. Its last words are the result. */
export class RestoreChart extends Chart {
  constructor(
    scope: Construct,
    environment: ResolvedEnvironment,
    { hash, target, stanza, broken }: RestoreJob,
  ) {
    const labelled = labels(environment.name, 'restore');
    super(scope, 'restore', { namespace: environment.namespace, labels: labelled });
    const place = backupPlace(environment);
    if (!place) return;
    const { name, spec } = environment;
    new k8s.KubeJob(this, 'job', {
      metadata: { name: names(name).restore(hash) },
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
              args: programArgs('drill'),
              env: [
                { name: 'RESTORE_TARGET', value: JSON.stringify(target) },
                ...(stanza === undefined ? [] : [{ name: 'RESTORE_STANZA', value: stanza }]),
                ...(broken.length === 0 ? [] : [{ name: 'RESTORE_BROKEN', value: broken.join(' ') }]),
                { name: 'SCRATCH_FOLDER', value: SCRATCH },
                { name: 'DEADLINE_SECONDS', value: String(DEADLINE_SECONDS - MARGIN_SECONDS) },
              ],
              terminationMessagePolicy: 'FallbackToLogsOnError',
            },
            resources: { cpu: '250m', memory: '512Mi' },
            mounts: [backupFiles(name, place), scratch('tmp', '/tmp', '256Mi'), scratchVolume(environment)],
            restartPolicy: 'Never',
            terminationGraceSeconds: 60,
            placement: placementOf(environment),
          }),
        },
      },
    });
  }
}
