import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { POOL_SIZE, POOL_SIZE_VARIABLE } from '../operator/api/pool-size.ts';
import { labels, names, type ReleaseInputs, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import { API_PORT } from './api.ts';
import { onSpotNodesToo, type Placement, placementOf } from './placement.ts';
import { newPodFirst, podMetadata, podSpec, SECRETS_FOLDER, scratch, secretFiles, selector } from './pod.ts';

/** The predictor listens where the API does: it is another process of the same image. */
export const PREDICTOR_PORT = API_PORT;

/** What the predictor takes over from the release's configuration. */
const SETTINGS = [
  'NODE_ENV',
  'LOG_LEVEL',
  'LOG_SUCCESS_SHARE',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_TRACES_SAMPLER_ARG',
];

/** Where the API finds the predictor; the same as long as the environment lives. */
export const predictorUrl = (environment: string): string => `http://${names(environment).predictor}`;

/**
 * The predictor: pods of the stable release's image, so that a candidate that is still being judged makes no forecasts
 * for the release that serves. Nothing waits for it and nothing is lost with it.
 */
export class PredictorChart extends Chart {
  constructor(scope: Construct, environment: ResolvedEnvironment, stable: ReleaseInputs) {
    super(scope, 'predictor', {
      namespace: environment.namespace,
      labels: labels(environment.name, 'predictor'),
    });
    const { name, spec } = environment;
    const own = names(name);
    const matchLabels = selector(name, 'predictor');
    const get = (path: string) => ({ httpGet: { path, port: k8s.IntOrString.fromString('http') } });

    new k8s.KubeService(this, 'service', {
      metadata: { name: own.predictor },
      spec: {
        selector: matchLabels,
        ports: [{ name: 'http', port: 80, targetPort: k8s.IntOrString.fromString('http') }],
      },
    });
    if (spec.predictor.replicas > 1) {
      new k8s.KubePodDisruptionBudget(this, 'budget', {
        metadata: { name: own.predictor },
        spec: {
          maxUnavailable: k8s.IntOrString.fromNumber(1),
          selector: { matchLabels },
          unhealthyPodEvictionPolicy: 'AlwaysAllow',
        },
      });
    }
    new k8s.KubeDeployment(this, 'predictor', {
      metadata: { name: own.predictor },
      spec: {
        replicas: spec.predictor.replicas,
        revisionHistoryLimit: 2,
        strategy: newPodFirst(),
        selector: { matchLabels },
        template: {
          metadata: podMetadata(environment, 'predictor', {}),
          spec: podSpec({
            selector: matchLabels,
            container: {
              name: 'predictor',
              image: spec.predictor.image ?? stable.image,
              args: ['predictor'],
              ports: [{ name: 'http', containerPort: PREDICTOR_PORT }],
              env: [
                ...SETTINGS.flatMap((key) => {
                  const value = stable.config[key];
                  return value === undefined ? [] : [{ name: key, value }];
                }),
                { name: 'DATABASE_URL_FILE', value: `${SECRETS_FOLDER}/DATABASE_URL` },
                { name: POOL_SIZE_VARIABLE, value: String(POOL_SIZE.predictor) },
              ],
              startupProbe: { ...get('/health'), periodSeconds: 2, timeoutSeconds: 3, failureThreshold: 30 },
              readinessProbe: {
                ...get('/health/ready'),
                periodSeconds: 5,
                timeoutSeconds: 3,
                failureThreshold: 3,
              },
              livenessProbe: { ...get('/health'), periodSeconds: 30, timeoutSeconds: 5, failureThreshold: 3 },
            },
            resources: spec.predictor.resources,
            mounts: [secretFiles(own.credentials, ['DATABASE_URL']), scratch('tmp', '/tmp', '64Mi')],
            serviceAccount: { name: own.api, token: false },
            terminationGraceSeconds: 30,
            placement: placement(environment),
          }),
        },
      },
    });
  }
}

/** Like that of every other pod, and on spot nodes as well: a forecast can wait until there is another node. */
function placement(environment: ResolvedEnvironment): Placement {
  const own = placementOf(environment);
  return environment.spec.predictor.spot ? onSpotNodesToo(own) : own;
}
