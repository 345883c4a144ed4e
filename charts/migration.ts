import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { LABELS, labels, names, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import { podSpec, SECRETS_FOLDER, scratch, secretFiles, selector } from './pod.ts';
import type { Revision } from './revision.ts';

/**
 * The Job that brings the schema of the database to what a revision needs: the revision's image and configuration,
 * straight to the database and not through PgBouncer. It is kept as the record of what was done.
 */
export class MigrationChart extends Chart {
  constructor(scope: Construct, environment: ResolvedEnvironment, { revision, inputs }: Revision) {
    const labelled = { ...labels(environment.name, 'migration'), [LABELS.revision]: revision };
    super(scope, 'migration', { namespace: environment.namespace, labels: labelled });
    const own = names(environment.name);

    new k8s.KubeJob(this, 'job', {
      metadata: { name: own.migration(revision) },
      spec: {
        // A migration is a transaction a file: trying again after a lost connection is safe, trying for ever is not.
        backoffLimit: 3,
        activeDeadlineSeconds: 900,
        template: {
          metadata: { labels: labelled },
          spec: podSpec({
            selector: selector(environment.name, 'migration', revision),
            container: {
              name: 'migrate',
              image: inputs.image,
              args: ['migrate'],
              envFrom: [{ configMapRef: { name: own.revision(revision) } }],
              env: [
                { name: 'MIGRATION_DATABASE_URL_FILE', value: `${SECRETS_FOLDER}/MIGRATION_DATABASE_URL` },
              ],
            },
            resources: inputs.resources,
            mounts: [
              secretFiles(own.credentials, ['MIGRATION_DATABASE_URL']),
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
