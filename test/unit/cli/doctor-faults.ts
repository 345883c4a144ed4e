import type { Facts } from '../../../cli/doctor/facts.ts';
import { API, DAY, type Fault, healthy, PROBES } from './doctor-world.ts';
import { ago, condition, NOW, object, pod, READY_POD, REJECTED } from './fixtures.ts';

export const config = (values: Record<string, string>): Fault => ({
  spec: (spec) => ({ ...spec, release: { ...spec.release, config: values } }),
});
const cluster = (kind: keyof Facts['cluster'], ...items: ReturnType<typeof object>[]): Fault => ({
  facts: (facts) => ({ ...facts, cluster: { ...facts.cluster, [kind]: { items } } }),
});
const part = (kind: keyof Facts['parts'], ...items: ReturnType<typeof object>[]): Fault => ({
  facts: (facts) => ({ ...facts, parts: { ...facts.parts, [kind]: { items } } }),
});
const secret = (name: string, known: Facts['secrets'][string]): Fault => ({
  facts: (facts) => ({ ...facts, secrets: { ...facts.secrets, [name]: known } }),
});
const backedUp = (more: object): Fault => ({
  spec: (spec) => ({ ...spec, backup: { ...spec.backup, ...more } }),
});
const killed = pod('one', API, {
  ...READY_POD,
  containerStatuses: [{ name: 'api', restartCount: 1, lastState: { terminated: { reason: 'OOMKilled' } } }],
});

/** What is wrong, the check that has to find it, how grave it is, and what it has to say. */
export const FAULTS: [string, string, 'fail' | 'warn', RegExp, Fault][] = [
  [
    'no staging environment',
    'environments',
    'warn',
    /no environment of tier staging/,
    {
      facts: (facts) => ({
        ...facts,
        environments: facts.environments.filter(({ spec }) => spec.tier !== 'staging'),
      }),
    },
  ],
  [
    'NODE_ENV of another tier',
    'environments',
    'fail',
    /NODE_ENV is staging, and the tier is production/,
    config({ NODE_ENV: 'staging' }),
  ],
  [
    'made-up prices in production',
    'environments',
    'fail',
    /FEED is simulator/,
    config({ FEED: 'simulator' }),
  ],
  [
    'a spec that the operator cannot carry out',
    'environments',
    'fail',
    /it is stalled: no/,
    { status: { conditions: [condition('Stalled', 'True', 'no')] } },
  ],
  [
    'an image without a version',
    'pipeline',
    'fail',
    /registry\/api:latest, which is another image tomorrow/,
    { spec: (spec) => ({ ...spec, release: { image: 'registry/api:latest' } }) },
  ],
  [
    'the image of a developer’s machine',
    'pipeline',
    'warn',
    /cryptosense-cache:dev/,
    { spec: ({ cache: _, ...spec }) => spec },
  ],
  [
    'a release that was rolled back',
    'pipeline',
    'warn',
    /rolled back 5m ago: 29 of 101/,
    { status: { rejected: REJECTED } },
  ],
  ['no backups', 'backups', 'fail', /backup\.enabled is false/, backedUp({ enabled: false })],
  [
    'no passphrase',
    'backups',
    'fail',
    /Secret key has no key passphrase/,
    secret('key', { state: 'there', keys: ['password'] }),
  ],
  [
    'no bucket Secret',
    'backups',
    'fail',
    /Secret bucket, which backups need, is not there/,
    secret('bucket', { state: 'absent' }),
  ],
  [
    'a backup that is too old',
    'backups',
    'fail',
    /newest backup is 3d old/,
    part(
      'backups',
      object('CryptoSenseBackup', 'b', { status: { completedAt: ago(3 * DAY), verifiedAt: ago(60) } }),
    ),
  ],
  [
    'a backup that was never verified',
    'verified',
    'fail',
    /no backup was ever verified/,
    part('backups', object('CryptoSenseBackup', 'b', { status: { completedAt: ago(60) } })),
  ],
  ['no drill', 'drill', 'warn', /no drill yet/, part('restores')],
  [
    'a drill that took too long',
    'drill',
    'fail',
    /took 5h, and the guide allows 4h/,
    part(
      'restores',
      object('CryptoSenseRestore', 'r', {
        spec: { mode: 'drill' },
        status: { completedAt: ago(60), rtoSeconds: 18_000 },
      }),
    ),
  ],
  [
    'no Prometheus',
    'monitoring',
    'warn',
    /no Prometheus operator/,
    {
      facts: (facts) => ({
        ...facts,
        groups: facts.groups.filter((group) => group !== 'monitoring.coreos.com'),
      }),
    },
  ],
  ['no alerts', 'monitoring', 'warn', /no PrometheusRule is about CryptoSense/, cluster('rules')],
  [
    'nobody who is told',
    'monitoring',
    'warn',
    /nobody is told of a rollback/,
    { spec: ({ notifications: _, ...spec }) => spec },
  ],
  [
    'messages that do not get through',
    'monitoring',
    'fail',
    /messages do not get through: 404/,
    { status: { conditions: [condition('NotificationsReady', 'False', '404')] } },
  ],
  [
    'an alert without a runbook',
    'runbooks',
    'warn',
    /1 alert without a runbook_url: Down/,
    cluster(
      'rules',
      object('PrometheusRule', 'x', {
        spec: { groups: [{ rules: [{ alert: 'Down', expr: 'cryptosense_up == 0' }] }] },
      }),
    ),
  ],
  [
    '/health that answers 503',
    'health',
    'fail',
    /\/health answers 503/,
    { facts: (facts) => ({ ...facts, health: { status: 503 } }) },
  ],
  [
    'a pod that is not ready',
    'health',
    'fail',
    /1 of 2 pods of the API are not ready/,
    part('pods', healthy('one'), { ...pod('two', API, { phase: 'Running' }), spec: PROBES }),
  ],
  [
    'pods without probes',
    'health',
    'fail',
    /1 pod of the API without readiness/,
    part('pods', { ...healthy('one'), spec: { containers: [{}] } }),
  ],
  [
    'plain HTTP',
    'certificates',
    'fail',
    /plain HTTP: spec\.routing\.tls is not set/,
    {
      spec: (spec) => {
        delete spec.routing?.tls;
        return spec;
      },
    },
  ],
  [
    'a certificate that has ended',
    'certificates',
    'fail',
    /certificate ended on 2026-11-19/,
    secret('tls', {
      state: 'there',
      keys: [],
      certificate: { notAfter: NOW - 86_400_000, names: ['*.cryptosense.com'] },
    }),
  ],
  [
    'a certificate that ends soon',
    'certificates',
    'warn',
    /ends on 2026-11-30, and was not renewed/,
    secret('tls', {
      state: 'there',
      keys: [],
      certificate: { notAfter: NOW + 10 * 86_400_000, names: ['*.cryptosense.com'] },
    }),
  ],
  [
    'a certificate for another host',
    'certificates',
    'fail',
    /not for api\.cryptosense\.com, but for example\.com/,
    secret('tls', {
      state: 'there',
      keys: [],
      certificate: { notAfter: NOW + 90 * 86_400_000, names: ['example.com'] },
    }),
  ],
  [
    'no host name',
    'domain',
    'fail',
    /takes every host name/,
    { spec: (spec) => ({ ...spec, routing: { ...spec.routing, hostnames: [] } }) },
  ],
  [
    'a host name without an address',
    'domain',
    'warn',
    /api\.cryptosense\.com has no address/,
    { facts: (facts) => ({ ...facts, hosts: { 'api.cryptosense.com': 'unknown' } }) },
  ],
  [
    'two environments with one host name',
    'domain',
    'fail',
    /also a host name of market\/staging/,
    {
      facts: (facts) => ({
        ...facts,
        environments: facts.environments.map((one) =>
          one.spec.tier === 'staging'
            ? { ...one, spec: { ...one.spec, routing: { hostnames: ['api.cryptosense.com'] } } }
            : one,
        ),
      }),
    },
  ],
  [
    'a password in the configuration',
    'secrets',
    'fail',
    /config\.SMTP_PASSWORD looks like a secret/,
    config({ SMTP_PASSWORD: 'hunter2' }),
  ],
  [
    'a login in an address',
    'secrets',
    'fail',
    /config\.UPSTREAM looks like a secret/,
    config({ UPSTREAM: 'https://me:hunter2@example.com' }),
  ],
  [
    'no Secret with the logins',
    'secrets',
    'fail',
    /shop-credentials with the logins is not there/,
    secret('shop-credentials', { state: 'absent' }),
  ],
  [
    'no address of a receiver',
    'secrets',
    'fail',
    /cryptosense-notifications has no key team/,
    secret('cryptosense-notifications', { state: 'absent' }),
  ],
  [
    'no pull Secret',
    'secrets',
    'fail',
    /Secret pull of spec\.images\.pullSecrets is not there/,
    {
      spec: (spec) => ({ ...spec, images: { pullSecrets: ['pull'] } }),
      facts: (facts) => ({ ...facts, secrets: { ...facts.secrets, pull: { state: 'absent' } } }),
    },
  ],
  [
    'no NetworkPolicies',
    'network',
    'fail',
    /network\.policies is false/,
    { spec: (spec) => ({ ...spec, network: { policies: false } }) },
  ],
  [
    'the whole internet',
    'network',
    'warn',
    /whole internet/,
    { spec: (spec) => ({ ...spec, network: { egress: [{ cidr: '0.0.0.0/0', ports: [80] }] } }) },
  ],
  [
    'one pod in production',
    'scaling',
    'fail',
    /as few as 1 pod/,
    { spec: (spec) => ({ ...spec, autoscaling: { minReplicas: 1 } }) },
  ],
  [
    'an autoscaler that cannot grow',
    'scaling',
    'warn',
    /minReplicas and maxReplicas are both 10/,
    { spec: (spec) => ({ ...spec, autoscaling: { minReplicas: 10 } }) },
  ],
  ['no metrics', 'scaling', 'fail', /autoscaler is blind/, { facts: (facts) => ({ ...facts, groups: [] }) }],
  [
    'an autoscaler at its maximum',
    'scaling',
    'warn',
    /at its maximum of 10 pods/,
    part('autoscalers', object('HorizontalPodAutoscaler', 'a', { status: { currentReplicas: 10 } })),
  ],
  ['one node', 'scaling', 'fail', /production runs on one node/, cluster('nodes', healthy('node-1'))],
  ['no budget', 'scaling', 'warn', /no PodDisruptionBudget/, cluster('budgets')],
  [
    'no protection against deletion',
    'recovery',
    'fail',
    /deletionProtection is off/,
    { spec: (spec) => ({ ...spec, deletionProtection: false }) },
  ],
  [
    'a protection that nothing enforces',
    'recovery',
    'fail',
    /nothing in the cluster enforces it/,
    cluster('admission'),
  ],
  [
    'volumes that go with their claims',
    'recovery',
    'warn',
    /1 volume go with their claims/,
    cluster(
      'volumes',
      object('PersistentVolume', 'pv', { spec: { persistentVolumeReclaimPolicy: 'Delete' } }),
    ),
  ],
  [
    'no drill by schedule',
    'recovery',
    'warn',
    /no restore is rehearsed/,
    {
      // Production has one by default.
      spec: (spec) => {
        delete spec.backup?.drillSchedule;
        return { ...spec, tier: 'staging' };
      },
    },
  ],
  ['no operator', 'operator', 'fail', /no operator works/, cluster('leases')],
  [
    'an operator that died',
    'operator',
    'fail',
    /no operator works/,
    cluster(
      'leases',
      object('Lease', 'x', {
        metadata: { namespace: 'cryptosense-system' } as never,
        spec: { renewTime: ago(10) },
      }),
    ),
  ],
  [
    'a pause that was forgotten',
    'operator',
    'warn',
    /it is paused/,
    { spec: (spec) => ({ ...spec, paused: true }) },
  ],
  ['LOG_LEVEL debug', 'logs', 'warn', /LOG_LEVEL is debug in production/, config({ LOG_LEVEL: 'debug' })],
  [
    'a pod that ran out of memory',
    'logs',
    'fail',
    /one ran out of memory/,
    part('pods', { ...killed, spec: PROBES }),
  ],
  [
    'warnings',
    'logs',
    'warn',
    /1 warning in the last hour: FailedMount/,
    cluster('events', object('Event', 'e', { type: 'Warning', reason: 'FailedMount' })),
  ],
  [
    'volumes that cannot grow',
    'volumes',
    'warn',
    /StorageClass fast cannot grow/,
    cluster('classes', object('StorageClass', 'fast')),
  ],
  [
    'a claim without a volume',
    'volumes',
    'fail',
    /volume data is pending/,
    part('claims', object('PersistentVolumeClaim', 'data', { status: { phase: 'Pending' } })),
  ],
  [
    'volumes of an environment that is gone',
    'costs',
    'warn',
    /1 volume of environments that are gone: old/,
    cluster(
      'volumes',
      object('PersistentVolume', 'old', {
        spec: { claimRef: { namespace: 'market', name: 'data-gone-database-0' } },
      }),
    ),
  ],
  [
    'many pods at night',
    'costs',
    'warn',
    /4 pods run at night/,
    { spec: (spec) => ({ ...spec, autoscaling: { minReplicas: 4 } }) },
  ],
];
