import type { Facts } from '../../../cli/doctor/facts.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { resolveEnvironment } from '../../../operator/api/resolved.ts';
import type { EnvironmentStatus } from '../../../operator/api/status.ts';
import { ago, environment, NOW, object, parts, pod, READY_POD } from './fixtures.ts';

export const DAY = 24 * 60;
export const API = { 'app.kubernetes.io/component': 'api' };
export const PROBES = { containers: [{ readinessProbe: {}, livenessProbe: {} }] };
/** A pod that is ready, with probes. */
export const healthy = (name: string, labels: Record<string, string> = API) => ({
  ...pod(name, labels, READY_POD),
  spec: PROBES,
});

/** Production as the guide wants it. */
const SPEC: EnvironmentSpec = {
  tier: 'production',
  release: { image: 'registry/api:1.0.0' },
  database: { image: 'registry/database:1' },
  pooler: { image: 'registry/pooler:1' },
  cache: { image: 'registry/cache:1' },
  routing: {
    gateway: { className: 'traefik' },
    hostnames: ['api.cryptosense.com'],
    tls: { secretName: 'tls' },
  },
  backup: {
    enabled: true,
    schedule: '0 2 * * *',
    drillSchedule: '0 4 1 */3 *',
    encryptionSecret: 'key',
    bucket: { endpoint: 'https://s3', name: 'bucket', credentialsSecret: 'bucket' },
  },
  notifications: {
    webhooks: [
      { name: 'team', type: 'slack', urlSecret: { name: 'cryptosense-notifications', key: 'team' } },
    ],
  },
};

const read = (...items: ReturnType<typeof object>[]) => ({ items });

/** A change to the world as the guide wants it. */
export interface Fault {
  spec?: (spec: EnvironmentSpec) => EnvironmentSpec;
  status?: EnvironmentStatus;
  facts?: (facts: Facts) => Facts;
}

/** Production as the guide wants it, with one fault. */
export function factsOf({
  spec: edit = (spec) => spec,
  status = {},
  facts: change = (facts) => facts,
}: Fault): Facts {
  const own = environment(status, edit(structuredClone(SPEC)));
  const others = (['development', 'staging'] as const).map((tier) => {
    const other = environment({}, { tier });
    return { ...other, metadata: { ...other.metadata, name: tier, uid: tier } };
  });
  const there = (...keys: string[]) => ({ state: 'there' as const, keys });
  const certificate = { notAfter: NOW + 60 * 86_400_000, names: ['*.cryptosense.com'] };
  return change({
    now: NOW,
    environment: own,
    resolved: resolveEnvironment(own),
    environments: [own, ...others],
    seesEverywhere: true,
    parts: parts({
      pods: [healthy('one'), healthy('two')],
      claims: [
        object('PersistentVolumeClaim', 'data', {
          spec: { volumeName: 'pv', storageClassName: 'fast' },
          status: { phase: 'Bound' },
        }),
      ],
      autoscalers: [object('HorizontalPodAutoscaler', 'shop-api', { status: { currentReplicas: 2 } })],
      backups: [object('CryptoSenseBackup', 'b', { status: { completedAt: ago(120), verifiedAt: ago(60) } })],
      restores: [
        object('CryptoSenseRestore', 'r', {
          spec: { mode: 'drill' },
          status: { completedAt: ago(DAY), rtoSeconds: 600, rpoSeconds: 60 },
        }),
      ],
    }),
    cluster: {
      operators: read(healthy('operator')),
      leases: read(
        object('Lease', 'cryptosense-operator', {
          metadata: { namespace: 'cryptosense-system' } as never,
          spec: { renewTime: ago(0.1) },
        }),
      ),
      budgets: read(object('PodDisruptionBudget', 'shop-api')),
      policies: read(object('NetworkPolicy', 'shop-network-api')),
      monitors: read(object('ServiceMonitor', 'shop')),
      rules: read(
        object('PrometheusRule', 'all', {
          spec: {
            groups: [
              {
                rules: [
                  { alert: 'Down', expr: 'cryptosense_up == 0', annotations: { runbook_url: 'https://x' } },
                ],
              },
            ],
          },
        }),
      ),
      volumes: read(
        object('PersistentVolume', 'pv', {
          spec: {
            persistentVolumeReclaimPolicy: 'Retain',
            claimRef: { namespace: 'market', name: 'data-shop-database-0' },
          },
        }),
      ),
      classes: read(object('StorageClass', 'fast', { allowVolumeExpansion: true })),
      nodes: read(healthy('node-1'), healthy('node-2')),
      admission: read(object('ValidatingAdmissionPolicy', 'cryptosense.io-environments')),
      gateways: read(),
      events: read(),
    },
    groups: ['metrics.k8s.io', 'monitoring.coreos.com', 'gateway.networking.k8s.io'],
    secrets: {
      'shop-credentials': there('POSTGRES_PASSWORD', 'APP_PASSWORD'),
      key: there('passphrase'),
      bucket: there('access-key-id', 'secret-access-key'),
      tls: { ...there('tls.crt', 'tls.key'), certificate },
      'cryptosense-notifications': there('team'),
    },
    hosts: { 'api.cryptosense.com': 'known' },
    health: { status: 200 },
  });
}
