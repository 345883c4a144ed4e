import { Chart } from 'cdk8s';
import { ConfigMap, k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { apiPoolSize, POOL_SIZE_VARIABLE } from '../operator/api/pool-size.ts';
import {
  LABELS,
  labels,
  names,
  type ReleaseInputs,
  type ResolvedEnvironment,
} from '../operator/api/resolved.ts';
import { API_PORT } from './api.ts';
import { newPodFirst, podSpec, SECRETS_FOLDER, scratch, secretFiles, selector } from './pod.ts';
import { predictorUrl } from './predictor.ts';

/**
 * A release as the charts need it: its hash and what its pods are made from. Its number in the history is not
 * here: the same inputs always give the same objects.
 */
export interface Revision {
  revision: string;
  inputs: ReleaseInputs;
}

/**
 * The pods of one release with their own Service and configuration, all named by the revision, so that going back
 * to it brings everything back. The number of pods is not in here: the operator writes it as a field of its own.
 */
export class RevisionChart extends Chart {
  constructor(scope: Construct, environment: ResolvedEnvironment, { revision, inputs }: Revision) {
    const labelled = { ...labels(environment.name, 'api'), [LABELS.revision]: revision };
    super(scope, 'revision', { namespace: environment.namespace, labels: labelled });
    const own = names(environment.name);
    const matchLabels = selector(environment.name, 'api', revision);
    const metadata = { name: own.revision(revision) };

    new ConfigMap(this, 'config', { metadata, data: inputs.config, immutable: true });
    new k8s.KubeService(this, 'service', {
      metadata,
      spec: {
        selector: matchLabels,
        ports: [{ name: 'http', port: 80, targetPort: k8s.IntOrString.fromString('http') }],
      },
    });
    new k8s.KubeDeployment(this, 'api', {
      metadata,
      spec: {
        // The template of a revision never changes: there is nothing to go back to inside it.
        revisionHistoryLimit: 1,
        strategy: newPodFirst(),
        selector: { matchLabels },
        template: { metadata: { labels: labelled }, spec: this.#pod(environment.name, revision, inputs) },
      },
    });
  }

  #pod(environment: string, revision: string, inputs: ReleaseInputs): k8s.PodSpec {
    const own = names(environment);
    const get = (path: string) => ({ httpGet: { path, port: k8s.IntOrString.fromString('http') } });
    return podSpec({
      selector: selector(environment, 'api', revision),
      container: {
        name: 'api',
        image: inputs.image,
        ports: [{ name: 'http', containerPort: API_PORT }],
        envFrom: [{ configMapRef: { name: own.revision(revision) } }],
        env: [
          { name: 'DATABASE_URL_FILE', value: `${SECRETS_FOLDER}/DATABASE_URL` },
          { name: 'REDIS_URL_FILE', value: `${SECRETS_FOLDER}/REDIS_URL` },
          // Set whether there is a predictor or not: switching it on must need no release.
          ...(inputs.config.PREDICTOR_URL === undefined
            ? [{ name: 'PREDICTOR_URL', value: predictorUrl(environment) }]
            : []),
          ...(inputs.config[POOL_SIZE_VARIABLE] === undefined
            ? [{ name: POOL_SIZE_VARIABLE, value: String(apiPoolSize(inputs)) }]
            : []),
        ],
        // 60 s to start, then 30 s / 5 s / 3 failures as the guide has it; readiness looks more often, so that
        // a roll-out is swift and a pod that lost its database is soon without requests.
        startupProbe: { ...get('/health'), periodSeconds: 1, timeoutSeconds: 3, failureThreshold: 60 },
        readinessProbe: { ...get('/health/ready'), periodSeconds: 2, timeoutSeconds: 3, failureThreshold: 3 },
        livenessProbe: { ...get('/health'), periodSeconds: 30, timeoutSeconds: 5, failureThreshold: 3 },
      },
      resources: inputs.resources,
      mounts: [secretFiles(own.credentials, ['DATABASE_URL', 'REDIS_URL']), scratch('tmp', '/tmp', '64Mi')],
      serviceAccount: { name: own.api, token: false },
      // The API drains by itself when it is told to stop (DRAIN_MS, 5 s), then ends its requests.
      terminationGraceSeconds: 30,
      placement: inputs,
    });
  }
}
