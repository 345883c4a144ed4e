import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { labels, names, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import { SETTINGS_FOLDER } from './database.ts';
import { placementOf } from './placement.ts';
import { podSpec, scratch, selector } from './pod.ts';
import { amount } from './quantity.ts';

/** Exit code of the image's script when PostgreSQL does not take the settings: trying again would not help. */
const REFUSED = 1;

/** What is tried. */
export interface Trial {
  /** Names image and settings. */
  hash: string;
  /** The text of a .conf file. */
  settings: string;
}

/**
 * The Job that starts a PostgreSQL on scratch data with the settings that the database is to get. Its pod's last words are in the pod's status.
 */
export class DatabaseCheckChart extends Chart {
  constructor(scope: Construct, environment: ResolvedEnvironment, { hash, settings }: Trial) {
    const labelled = labels(environment.name, 'database-check');
    super(scope, 'database-check', { namespace: environment.namespace, labels: labelled });
    const { database } = environment.spec;

    new k8s.KubeJob(this, 'job', {
      metadata: { name: names(environment.name).databaseCheck(hash) },
      spec: {
        backoffLimit: 2,
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
            selector: selector(environment.name, 'database-check'),
            container: {
              name: 'check',
              image: database.image,
              args: ['check-settings.sh'],
              env: [{ name: 'SETTINGS', value: settings }],
              terminationMessagePolicy: 'FallbackToLogsOnError',
            },
            resources: { cpu: '50m', memory: checkMemory(database.resources.memory) },
            mounts: [
              scratch('tmp', '/tmp', '256Mi'),
              scratch('settings', SETTINGS_FOLDER, '1Mi'),
              scratch('shm', '/dev/shm', '64Mi', 'Memory'),
            ],
            placement: placementOf(environment),
            restartPolicy: 'Never',
            terminationGraceSeconds: 10,
          }),
        },
      },
    });
  }
}

/** A server that serves nobody touches little of its memory: its tables of buffers and locks. */
function checkMemory(memory: string): string {
  const mebibytes = amount(memory) / 2 ** 20;
  return `${Math.floor(Math.min(mebibytes, Math.max(512, mebibytes / 16)))}Mi`;
}
