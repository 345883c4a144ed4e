import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { labels, names, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import { groupVariables, SENTINELS } from './cache.ts';
import { placementOf } from './placement.ts';
import { budget, podMetadata, podSpec, scratch, secretFiles, selector } from './pod.ts';

export const SENTINEL_PORT = 26379;

/**
 * Three Sentinels, which promote a replica when the primary Redis is gone. What they know is in the members' roles as well, so that they need no volume.
 */
export class SentinelChart extends Chart {
  constructor(scope: Construct, environment: ResolvedEnvironment, replicas = SENTINELS) {
    super(scope, 'sentinel', {
      namespace: environment.namespace,
      labels: labels(environment.name, 'sentinel'),
    });
    const { name, spec } = environment;
    const own = names(name);
    const matchLabels = selector(name, 'sentinel');
    const port = k8s.IntOrString.fromString('sentinel');
    const seesPrimary = { exec: { command: ['/usr/local/bin/cache-sentinel', 'ready'] }, timeoutSeconds: 5 };

    new k8s.KubeService(this, 'members', {
      metadata: { name: own.sentinel },
      spec: {
        clusterIp: 'None',
        publishNotReadyAddresses: true,
        selector: matchLabels,
        ports: [{ name: 'sentinel', port: SENTINEL_PORT, targetPort: port }],
      },
    });
    new k8s.KubePodDisruptionBudget(this, 'budget', {
      metadata: { name: own.sentinel },
      spec: budget(matchLabels),
    });
    new k8s.KubeStatefulSet(this, 'sentinel', {
      metadata: { name: own.sentinel },
      spec: {
        serviceName: own.sentinel,
        replicas,
        // One that sees no primary is not ready, and must not keep the others from starting.
        podManagementPolicy: 'Parallel',
        selector: { matchLabels },
        template: {
          metadata: podMetadata(environment, 'sentinel', {}),
          spec: podSpec({
            selector: matchLabels,
            placement: placementOf(environment),
            container: {
              name: 'sentinel',
              image: spec.cache.image,
              command: ['/usr/local/bin/cache-sentinel'],
              env: groupVariables(environment),
              ports: [{ name: 'sentinel', containerPort: SENTINEL_PORT }],
              readinessProbe: { ...seesPrimary, periodSeconds: 10, failureThreshold: 2 },
              // It listens only when it has found a primary, which may take as long as it takes.
              livenessProbe: {
                exec: { command: ['/usr/local/bin/cache-sentinel', 'alive'] },
                periodSeconds: 30,
                timeoutSeconds: 5,
                failureThreshold: 3,
              },
            },
            resources: { cpu: '10m', memory: '32Mi' },
            mounts: [
              secretFiles(own.credentials, ['redis-auth.conf']),
              // In memory: it has the password in it.
              scratch('state', '/run/sentinel', '1Mi', 'Memory'),
            ],
            terminationGraceSeconds: 10,
          }),
        },
      },
    });
  }
}
