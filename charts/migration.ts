import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { milliseconds } from '../operator/api/duration.ts';
import { LABELS, labels, names, type Phase, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import { verifiedConnections } from './authority.ts';
import { podSpec, SECRETS_FOLDER, scratch, secretFiles, selector } from './pod.ts';
import type { Revision } from './revision.ts';

/** Annotation of a Job: the release was marked irreversible when it began. */
export const MARKED_IRREVERSIBLE = 'cryptosense.io/irreversible';

/** Annotation of a Job: the backup that it waited for. */
export const BACKUP = 'cryptosense.io/backup';

/** Exit code of the image when to try again would not help: a mistake in a migration, or in what it was called with. */
const REFUSED = 1;

/** Where the kubelet reads the last words of a container. */
const LAST_WORDS = '/dev/termination-log';

/** The command of a step. Without a word behind it the command is also that of images that know no steps. */
const ARGS: Record<Phase, string[]> = {
  report: ['migrate', 'report'],
  expand: ['migrate'],
  contract: ['migrate', 'contract'],
};

/** What a Job is for. */
export interface MigrationStep {
  phase: Phase;
  backup?: string;
}

/**
 * The Job of one step that brings the schema of the database to what a revision needs: the revision's image and configuration,
 * straight to the database and not through PgBouncer. It is kept as the record of what was done.
 */
export class MigrationChart extends Chart {
  constructor(
    scope: Construct,
    environment: ResolvedEnvironment,
    { revision, inputs }: Revision,
    { phase, backup }: MigrationStep,
  ) {
    const labelled = { ...labels(environment.name, 'migration'), [LABELS.revision]: revision };
    super(scope, 'migration', { namespace: environment.namespace, labels: labelled });
    const own = names(environment.name);
    const { irreversible, deadline } = environment.spec.release.migration;
    const verified = verifiedConnections(environment);
    const seconds = Math.floor(milliseconds(deadline) / 1000);
    const annotations = {
      ...(irreversible && phase === 'expand' ? { [MARKED_IRREVERSIBLE]: 'true' } : {}),
      ...(backup === undefined ? {} : { [BACKUP]: backup }),
    };

    new k8s.KubeJob(this, 'job', {
      metadata: {
        name: own.migration(revision, phase),
        ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
      },
      spec: {
        // A migration is a transaction a file: trying again after a lost connection is safe, trying for ever is not.
        backoffLimit: 3,
        activeDeadlineSeconds: seconds,
        podFailurePolicy: {
          rules: [
            { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
            // The types, older than the API, ask for both kinds of condition; the API takes one.
            {
              action: 'FailJob',
              onExitCodes: { operator: 'In', values: [REFUSED] },
            } as k8s.PodFailurePolicyRule,
          ],
        },
        template: {
          metadata: { labels: labelled },
          spec: podSpec({
            selector: selector(environment.name, 'migration', revision),
            container: {
              name: 'migrate',
              image: inputs.image,
              args: ARGS[phase],
              envFrom: [{ configMapRef: { name: own.revision(revision) } }],
              env: [
                { name: 'MIGRATION_DATABASE_URL_FILE', value: `${SECRETS_FOLDER}/MIGRATION_DATABASE_URL` },
                { name: 'MIGRATION_RESULT_FILE', value: LAST_WORDS },
                // What was applied before the Job was made again, is the release's as well.
                { name: 'MIGRATION_RUN', value: own.migration(revision, phase) },
                { name: 'MIGRATION_DEADLINE_SECONDS', value: String(seconds) },
                ...verified.env,
              ],
              terminationMessagePath: LAST_WORDS,
              terminationMessagePolicy: 'FallbackToLogsOnError',
            },
            resources: inputs.resources,
            mounts: [
              secretFiles(own.credentials, ['MIGRATION_DATABASE_URL']),
              ...verified.mounts,
              scratch('tmp', '/tmp', '64Mi'),
            ],
            serviceAccount: { name: own.api, token: false },
            restartPolicy: 'Never',
            terminationGraceSeconds: 30,
            placement: inputs,
          }),
        },
      },
    });
  }
}
