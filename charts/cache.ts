import { Chart } from 'cdk8s';
import { ConfigMap, k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { labels, names, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import { claim } from './database.ts';
import { withExporter } from './exporters.ts';
import { placementOf } from './placement.ts';
import { budget, podMetadata, podSpec, SECRETS_FOLDER, secretFiles, selector, settingsFiles } from './pod.ts';
import { amount } from './quantity.ts';

export const CACHE_PORT = 6379;

/** Two of them can agree on a failover while the third is away. */
export const SENTINELS = 3;

const SETTINGS_FOLDER = '/etc/cryptosense/redis';

/**
 * Redis with an append-only file, the Service that clients use and the one that gives its pods names. More than one pod
 * is a primary and its replicas, which Sentinels (charts/sentinel.ts) watch; one pod is alone, as ever.
 */
export class CacheChart extends Chart {
  constructor(scope: Construct, environment: ResolvedEnvironment) {
    super(scope, 'cache', { namespace: environment.namespace, labels: labels(environment.name, 'cache') });
    const { name, spec } = environment;
    const own = names(name);
    const matchLabels = selector(name, 'cache');
    const { replicas } = spec.cache;
    const isGroup = replicas > 1;
    const files = { 'redis.conf': cacheSettings(spec.cache.resources.memory, isGroup) };
    const ports = [{ name: 'redis', port: CACHE_PORT, targetPort: k8s.IntOrString.fromString('redis') }];

    new ConfigMap(this, 'settings', { metadata: { name: own.cache }, data: files });
    new k8s.KubeService(this, 'service', {
      metadata: { name: own.cache },
      spec: {
        // Clients ask whoever answers for the primary: also while no member is in step, during a failover.
        ...(isGroup ? { publishNotReadyAddresses: true } : {}),
        selector: matchLabels,
        ports,
      },
    });
    new k8s.KubeService(this, 'members', {
      metadata: { name: own.cacheMembers },
      spec: { clusterIp: 'None', publishNotReadyAddresses: true, selector: matchLabels, ports },
    });
    // redis-cli ends well as soon as the server answers, also with NOAUTH: the probe needs no password. While
    // Redis loads its file it answers LOADING, which is alive but not ready; startup has the time for it.
    const ping = { exec: { command: ['/usr/bin/redis-cli', 'ping'] }, timeoutSeconds: 5 };
    const inStep = { exec: { command: ['/usr/local/bin/cache-member', 'ready'] }, timeoutSeconds: 5 };
    if (isGroup) {
      new k8s.KubePodDisruptionBudget(this, 'budget', {
        metadata: { name: own.cache },
        spec: budget(matchLabels),
      });
    }
    new k8s.KubeStatefulSet(this, 'cache', {
      metadata: { name: own.cache },
      spec: {
        serviceName: own.cacheMembers,
        replicas,
        selector: { matchLabels },
        template: {
          metadata: podMetadata(environment, 'cache', files),
          spec: withExporter(
            podSpec({
              selector: matchLabels,
              container: {
                name: 'cache',
                image: spec.cache.image,
                ...(isGroup
                  ? { command: ['/usr/local/bin/cache-member'], env: groupVariables(environment) }
                  : {}),
                args: [`${SETTINGS_FOLDER}/redis.conf`],
                ports: [{ name: 'redis', containerPort: CACHE_PORT }],
                startupProbe: { ...ping, periodSeconds: 2, failureThreshold: 60 },
                readinessProbe: { ...(isGroup ? inStep : ping), periodSeconds: 5, failureThreshold: 2 },
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
            environment,
            'cache',
          ),
        },
        volumeClaimTemplates: [claim('data', spec.cache)],
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      },
    });
  }
}

/** What the scripts of the image have to know of the group, in members and Sentinels alike. */
export function groupVariables({ name, spec }: ResolvedEnvironment): k8s.EnvVar[] {
  const own = names(name);
  const hosts = (count: number, pods: string, service: string) =>
    Array.from({ length: count }, (_, i) => `${pods}-${i}.${service}`).join(' ');
  return [
    { name: 'CACHE_MEMBERS', value: hosts(spec.cache.replicas, own.cache, own.cacheMembers) },
    { name: 'CACHE_SENTINELS', value: hosts(SENTINELS, own.sentinel, own.sentinel) },
    { name: 'CACHE_AUTH', value: `${SECRETS_FOLDER}/redis-auth.conf` },
  ];
}

/**
 * Half of the memory is for data: while it rewrites its file, Redis may hold the changed pages twice. In a group a replica
 * that comes back is sent the data at once, not 5 s later in case that another one comes.
 */
export function cacheSettings(memory: string, isGroup: boolean): string {
  return `bind * -::*
port ${CACHE_PORT}
dir /data
appendonly yes
appendfsync everysec
save ""
maxmemory ${Math.floor(amount(memory) / 2)}
maxmemory-policy allkeys-lru
${isGroup ? 'repl-diskless-sync-delay 0\n' : ''}include ${SECRETS_FOLDER}/redis-auth.conf
`;
}
