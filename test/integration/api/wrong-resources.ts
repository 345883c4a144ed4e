import { BACKUP_KIND, KIND, RESTORE_KIND } from '../../../operator/api/well-known.ts';
import { WRONG_RESOURCES } from '../../e2e/wrong-resources.ts';
import { environment, type Refused, refused, release } from './refused.ts';
import { METRICS } from './wrong-metrics.ts';

const bucket = { endpoint: 'https://s3.example.com', name: 'backups', credentialsSecret: 'keys' };
const recovery = { bucket, encryptionSecret: 'passphrase' };
const canary = (...steps: unknown[]) => ({ rollout: { canary: { steps } } });
const quiet = (start: string, end: string, minReplicas: number) => ({ start, end, minReplicas });

const OF_ENVIRONMENTS: Refused[] = [
  environment('recovery that is added later', 'it cannot be added or taken away later', { recovery }, {}),
  environment('recovery that is taken away', 'it cannot be added or taken away later', {}, { recovery }),
  environment(
    'recovery from another bucket',
    'spec.recovery is for the birth of an environment: it cannot be changed',
    { recovery: { ...recovery, bucket: { ...bucket, name: 'others' } } },
    { recovery },
  ),
  environment('a migration without time', 'a migration needs time: write for example 15m', {
    release: { ...release, migration: { deadline: '0s' } },
  }),
  environment('a migration of two days', 'release.migration.deadline is at most 24h: split a migration', {
    release: { ...release, migration: { deadline: '48h' } },
  }),
  environment('a gate that does not exist', 'supported values: "verified", "full", "none"', {
    release: { ...release, migration: { gate: 'backup' } },
  }),
  environment('PORT in the configuration', 'leave PORT out', {
    release: { ...release, config: { PORT: '80' } },
  }),
  environment(
    'everything twice',
    'only the last canary step can be "weight: 100"',
    canary({ weight: 100 }, { pause: '1m' }, { weight: 100 }),
  ),
  environment(
    'replicas of a step in words',
    'replicas of a step are a number of pods or a percentage',
    canary({ replicas: 'half' }, { weight: 100 }),
  ),
  environment(
    'a header with a space in its name',
    'the name of a header has letters, digits and hyphens',
    canary({ headers: [{ name: 'X Beta', value: '1' }] }, { weight: 100 }),
  ),
  environment('an empty deadline of a switch', 'a duration is written as 30s, 15m or 1h30m', {
    rollout: { blueGreen: { autoPromoteDelay: 'soon' } },
  }),
  environment('a preview of 120 %', 'previewReplicas is a number of pods or a percentage', {
    rollout: { blueGreen: { previewReplicas: '120%' } },
  }),
  environment('a rolling release that may not move', 'no pod could ever be replaced', {
    rollout: { rolling: { maxSurge: 0, maxUnavailable: '0%' } },
  }),
  environment('a surge in words', 'maxSurge is a number of pods or a percentage', {
    rollout: { rolling: { maxSurge: 'one' } },
  }),
  environment('half a pod unavailable', 'maxUnavailable is a number of pods or a percentage', {
    rollout: { rolling: { maxUnavailable: '0.5' } },
  }),
  environment('an error ratio in percent', 'maxErrorRatio is a share from "0" to "1"', {
    rollout: { canary: { analysis: { maxErrorRatio: '5 %' } } },
  }),
  environment('measurements without a pause', 'analysis.interval has to be at least 1s', {
    rollout: { canary: { analysis: { interval: '0s' } } },
  }),
  environment('a deadline of no length', 'no release is ready in no time', {
    rollout: { progressDeadline: '0m' },
  }),
  environment('quiet hours above the floor', 'quiet hours only lower the floor', {
    autoscaling: { minReplicas: 2, quietHours: quiet('22:00', '05:00', 3) },
  }),
  refused(KIND, 'quiet hours below 2 in production', 'in tier production quiet hours never go below 2 pods', {
    tier: 'production',
    release,
    autoscaling: { quietHours: quiet('22:00', '05:00', 1) },
  }),
  environment('quiet hours that never begin', 'quiet hours that start and end at the same time never begin', {
    autoscaling: { quietHours: quiet('02:00', '02:00', 1) },
  }),
  environment('a time of day after midnight', 'a time of day is written as 02:00, in UTC', {
    autoscaling: { quietHours: quiet('22:00', '29:00', 1) },
  }),
  environment(
    'a smaller volume of the cache',
    'cache.storage has to be at least what it was',
    { cache: { storage: '1G' } },
    { cache: { storage: '1Gi' } },
  ),
  ...['database', 'cache'].flatMap((component) => [
    environment(
      `another class of the volume of the ${component}`,
      `leave ${component}.storageClassName as it was`,
      { [component]: { storageClassName: 'fast' } },
      { [component]: { storageClassName: 'slow' } },
    ),
    environment(
      `a class for a volume of the ${component} that has that of the cluster`,
      `leave ${component}.storageClassName as it was`,
      { [component]: { storage: '2Gi', storageClassName: 'fast' } },
      { [component]: { storage: '2Gi' } },
    ),
  ]),
  environment('a size without a unit', 'memory and storage are written with a unit', {
    database: { storage: 20 },
  }),
  environment('a thousandth of a byte', 'memory and storage are written with a unit', {
    api: { resources: { memory: '512m' } },
  }),
  environment('CPU in bytes', 'CPU is written in cores or thousandths of one', {
    api: { resources: { cpu: '1Gi' } },
  }),
  environment('no CPU at all', 'CPU is written in cores or thousandths of one', {
    api: { resources: { cpu: '0' } },
  }),
  environment('a parameter of PostgreSQL that the operator sets', 'what the operator sets itself', {
    database: { parameters: { archive_command: 'true' } },
  }),
  environment(
    'a parameter of PostgreSQL in upper case',
    'a parameter of PostgreSQL is written in lower case',
    {
      database: { parameters: { WORK_MEM: '32MB' } },
    },
  ),
  environment('a parameter that would end its line', 'is one line without quotes and backslashes', {
    database: { parameters: { work_mem: "32MB'\nfsync = off" } },
  }),
  environment('an image with a space', 'an image is written as name:tag', {
    database: { image: 'my image:1' },
  }),
  environment('a Gateway that is there and is to be made', 'either the name and namespace of a Gateway', {
    routing: { gateway: { name: 'shared', className: 'traefik' } },
  }),
  environment(
    'a gateway where there is none',
    'routing.gateway, routing.hostnames and routing.tls are for a gateway, and with "mode: service" there is none',
    { routing: { mode: 'service', hostnames: ['api.example.com'] } },
  ),
  environment('TLS at a shared Gateway', 'routing.tls is for a Gateway of its own', {
    routing: { tls: { secretName: 'certificate' } },
  }),
  environment('TLS without a certificate', 'routing.tls needs a certificate', {
    routing: { gateway: { className: 'traefik' }, tls: {} },
  }),
  environment('a host name twice', /hostnames\[1\]: Duplicate value/, {
    routing: { hostnames: ['api.example.com', 'api.example.com'] },
  }),
  environment('scrapes without a pause', 'serviceMonitor.interval has to be at least 1s', {
    observability: { serviceMonitor: { interval: '0s' } },
  }),
  environment('runbooks at no address', 'rules.runbooks is the address of a folder', {
    observability: { rules: { runbooks: 'docs/runbooks' } },
  }),
  environment('two members of the database', 'database.members is 1 or 3', { database: { members: 2 } }),
  environment('a label that is none', 'as labels of Kubernetes are', {
    scheduling: { nodeSelector: { 'disk type': 'ssd' } },
  }),
  environment('a toleration of everything by oversight', 'a toleration without a key bears every taint', {
    scheduling: { tolerations: [{ effect: 'NoSchedule' }] },
  }),
  environment('a value that is not compared', 'a toleration with "operator: Exists" has no value', {
    scheduling: { tolerations: [{ key: 'dedicated', operator: 'Exists', value: 'cryptosense' }] },
  }),
  environment('a pull secret with a path', 'the name of an object has lower-case letters', {
    images: { pullSecrets: ['Registry/Login'] },
  }),
  environment('the whole cluster as a client', 'would let in the whole cluster', {
    network: { clients: [{ namespaceLabels: {} }] },
  }),
  environment('an address that is no network', 'a network is written as 10.0.0.0/8', {
    network: { egress: [{ cidr: '10.0.0.1', ports: [443] }] },
  }),
  environment('a network that there is not', 'this is not a network', {
    network: { egress: [{ cidr: '300.0.0.0/8', ports: [443] }] },
  }),
  environment('a receiver without a Secret', /webhooks\[0\]\.urlSecret: Required value/, {
    notifications: { webhooks: [{ name: 'chat', type: 'slack', events: ['promote'] }] },
  }),
  environment('an Event that there is not', /Unsupported value: "success"/, {
    notifications: {
      webhooks: [
        { name: 'chat', type: 'slack', urlSecret: { name: 'chat', key: 'url' }, events: ['success'] },
      ],
    },
  }),
  environment('a link with a field that there is not', 'has between braces only {namespace}, {name}', {
    notifications: { link: 'https://dash.example.com/{pod}' },
  }),
  environment('a link that is no web address', 'a link begins with http:// or https://', {
    notifications: { link: 'javascript:alert(1)' },
  }),
  environment('a signature for Slack', 'signingSecret is for receivers of type generic', {
    notifications: {
      webhooks: [
        {
          name: 'chat',
          type: 'slack',
          urlSecret: { name: 'chat', key: 'url' },
          signingSecret: { name: 'chat', key: 'signing' },
        },
      ],
    },
  }),
  environment('a severity that there is not', /Unsupported value: "critical"/, {
    notifications: {
      webhooks: [
        { name: 'chat', type: 'slack', urlSecret: { name: 'chat', key: 'url' }, severity: 'critical' },
      ],
    },
  }),
  environment('a window that never opens', 'a maintenance window without a day never opens', {
    maintenance: { window: { days: [] } },
  }),
  environment('a window that is too short', 'a maintenance window is open for 15m to 24h', {
    maintenance: { window: { duration: '5m' } },
  }),
  environment('a window that never closes', 'a maintenance window is open for 15m to 24h', {
    maintenance: { window: { duration: '25h' } },
  }),
  environment('backups to nowhere', 'backup.enabled needs backup.bucket and backup.encryptionSecret', {
    backup: { enabled: true },
  }),
  environment('backups in the clear', 'backup.enabled needs backup.bucket and backup.encryptionSecret', {
    backup: { enabled: true, bucket },
  }),
  environment('a bucket over HTTP', 'backups only go over HTTPS', {
    backup: { bucket: { ...bucket, endpoint: 'http://s3.example.com' } },
  }),
  environment('a bucket in upper case', 'a bucket has 3 to 63 lower-case letters', {
    backup: { bucket: { ...bucket, name: 'Backups' } },
  }),
  environment('a prefix with slashes around it', 'a prefix is a path without slashes at its ends', {
    backup: { bucket: { ...bucket, prefix: '/backups/' } },
  }),
  environment('a schedule of four fields', 'a schedule has the five fields of cron', {
    backup: { schedule: '0 2 * *' },
  }),
  environment('a schedule at 25 o’clock', 'a schedule has the five fields of cron', {
    backup: { schedule: '0 25 * * *' },
  }),
  environment('backups that are all thrown away', /retention\.daily.*should be greater than or equal to 1/, {
    backup: { retention: { daily: 0 } },
  }),
  environment('a recovery to two moments', 'a target is one of backup, time, lsn and name', {
    recovery: { ...recovery, target: { time: '2026-01-31T11:55:00Z', name: 'before' } },
  }),
  environment('a position that is none', 'an LSN is written as 16/B374D848', {
    recovery: { ...recovery, target: { lsn: 'latest' } },
  }),
  environment('a misspelt field deep inside', /unknown field "spec\.cache\.resources\.mem"/, {
    cache: { resources: { mem: '64Mi' } },
  }),
];

const drill = { environment: 'shop', mode: 'drill' };

const OF_OTHERS: Refused[] = [
  refused(
    BACKUP_KIND,
    'a backup that becomes one of something else',
    'a backup cannot be changed: make another one',
    { environment: 'shop' },
    { environment: 'other' },
  ),
  refused(
    RESTORE_KIND,
    'a drill that becomes serious',
    'a restore cannot be changed: make another one',
    { environment: 'shop', mode: 'inPlace', confirm: 'shop' },
    drill,
  ),
  refused(RESTORE_KIND, 'a restore in place by oversight', 'write its name in spec.confirm', {
    environment: 'shop',
    mode: 'inPlace',
  }),
  refused(RESTORE_KIND, 'a restore in place of another environment', 'write its name in spec.confirm', {
    environment: 'shop',
    mode: 'inPlace',
    confirm: 'other',
  }),
  refused(RESTORE_KIND, 'a drill that replaces nothing without a backup of it', 'is for mode inPlace', {
    environment: 'shop',
    mode: 'drill',
    withoutSafetyBackup: true,
  }),
  refused(RESTORE_KIND, 'a restore of nothing', /spec\.environment: Required value/, { mode: 'drill' }),
];

/** At least one resource for every rule of the schemas, those included that a person meets first (test/e2e). */
export const REFUSED: Refused[] = [
  ...WRONG_RESOURCES.map((each) => ({ kind: KIND, ...each })),
  ...OF_ENVIRONMENTS,
  ...METRICS,
  ...OF_OTHERS,
];
