import { Chart } from 'cdk8s';
import { ConfigMap, k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { labels, names, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import { claim } from './database.ts';
import { placementOf } from './placement.ts';
import { podMetadata, podSpec, SECRETS_FOLDER, secretFiles, selector, settingsFiles } from './pod.ts';
import { amount } from './quantity.ts';

export const CACHE_PORT = 6379;

const SETTINGS_FOLDER = '/etc/cryptosense/redis';

/** One Redis with an append-only file, the Service that clients use and the one that gives its pod a name. */
export class CacheChart extends Chart {
  constructor(scope: Construct, environment: ResolvedEnvironment) {
    super(scope, 'cache', { namespace: environment.namespace, labels: labels(environment.name, 'cache') });
    const { name, spec } = environment;
    const own = names(name);
    const matchLabels = selector(name, 'cache');
    const files = { 'redis.conf': cacheSettings(spec.cache.resources.memory) };
    const ports = [{ name: 'redis', port: CACHE_PORT, targetPort: k8s.IntOrString.fromString('redis') }];

    new ConfigMap(this, 'settings', { metadata: { name: own.cache }, data: files });
    new k8s.KubeService(this, 'service', {
      metadata: { name: own.cache },
      spec: { selector: matchLabels, ports },
    });
    new k8s.KubeService(this, 'members', {
      metadata: { name: own.cacheMembers },
      spec: { clusterIp: 'None', publishNotReadyAddresses: true, selector: matchLabels, ports },
    });
    // redis-cli ends well as soon as the server answers, also with NOAUTH: the probe needs no password. While
    // Redis loads its file it answers LOADING, which is alive but not ready; startup has the time for it.
    const ping = { exec: { command: ['/usr/bin/redis-cli', 'ping'] }, timeoutSeconds: 5 };
    new k8s.KubeStatefulSet(this, 'cache', {
      metadata: { name: own.cache },
      spec: {
        serviceName: own.cacheMembers,
        replicas: 1,
        selector: { matchLabels },
        template: {
          metadata: podMetadata(environment, 'cache', files),
          spec: podSpec({
            selector: matchLabels,
            container: {
              name: 'cache',
              image: spec.cache.image,
              args: [`${SETTINGS_FOLDER}/redis.conf`],
              ports: [{ name: 'redis', containerPort: CACHE_PORT }],
              startupProbe: { ...ping, periodSeconds: 2, failureThreshold: 60 },
              readinessProbe: { ...ping, periodSeconds: 5, failureThreshold: 2 },
              livenessProbe: {
                tcpSocket: { port: k8s.IntOrString.fromString('redis') },
                periodSeconds: 30,
                timeoutSeconds: 5,
                failureThreshold: 3,
              },
            },
            resources: spec.cache.resources,
            mounts: [
              secretFiles(own.credentials, ['redis-auth.conf']),
              settingsFiles(own.cache, SETTINGS_FOLDER),
            ],
            claim: { name: 'data', path: '/data' },
            terminationGraceSeconds: 60,
            placement: placementOf(environment),
          }),
        },
        volumeClaimTemplates: [claim('data', spec.cache)],
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      },
    });
  }
}

/** Half of the memory is for data: while it rewrites its file, Redis may hold the changed pages twice. */
function cacheSettings(memory: string): string {
  return `bind * -::*
port ${CACHE_PORT}
dir /data
appendonly yes
appendfsync everysec
save ""
maxmemory ${Math.floor(amount(memory) / 2)}
maxmemory-policy allkeys-lru
include ${SECRETS_FOLDER}/redis-auth.conf
`;
}
