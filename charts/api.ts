import { Chart } from 'cdk8s';
import { k8s, ServiceAccount } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { labels, names, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import { API_VERSION, KIND } from '../operator/api/well-known.ts';
import { selector } from './pod.ts';

export const API_PORT = 3000;

/** What all revisions of the API share: identity, autoscaling, and how many pods a drained node may take. */
export class ApiChart extends Chart {
  constructor(scope: Construct, environment: ResolvedEnvironment) {
    super(scope, 'api', { namespace: environment.namespace, labels: labels(environment.name, 'api') });
    const { name } = environment;
    const own = names(name);

    new ServiceAccount(this, 'account', { metadata: { name: own.api }, automountToken: false });
    new k8s.KubePodDisruptionBudget(this, 'budget', {
      metadata: { name: own.api },
      spec: {
        maxUnavailable: k8s.IntOrString.fromNumber(1),
        selector: { matchLabels: selector(name, 'api') },
        // A pod that never becomes ready must not keep a node from being drained.
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
      },
    });
    new k8s.KubeHorizontalPodAutoscalerV2(this, 'autoscaler', {
      metadata: { name: own.api },
      spec: autoscaler(environment),
    });
  }
}

/**
 * Scales the environment, not a Deployment: the operator turns the number into pods of the stable revision, so
 * that autoscaling and a rollout never fight. Speed as the guide has it: up after two minutes above the target,
 * at most once a minute; down by one pod in five minutes.
 */
function autoscaler({ name, spec }: ResolvedEnvironment): k8s.HorizontalPodAutoscalerSpecV2 {
  const { minReplicas, maxReplicas, cpuUtilization } = spec.autoscaling;
  return {
    scaleTargetRef: { apiVersion: API_VERSION, kind: KIND, name },
    minReplicas,
    maxReplicas,
    metrics: [
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: cpuUtilization } },
      },
    ],
    behavior: {
      scaleUp: {
        stabilizationWindowSeconds: 120,
        selectPolicy: 'Max',
        policies: [
          { type: 'Percent', value: 100, periodSeconds: 60 },
          { type: 'Pods', value: 2, periodSeconds: 60 },
        ],
      },
      scaleDown: {
        stabilizationWindowSeconds: 300,
        selectPolicy: 'Max',
        policies: [{ type: 'Pods', value: 1, periodSeconds: 300 }],
      },
    },
  };
}
