import { backedUp, type Case, cluster, config, part, secret } from './doctor-fault.ts';
import { DAY } from './doctor-world.ts';
import { ago, condition, object, REJECTED } from './fixtures.ts';

export const LAUNCH_FAULTS: Case[] = [
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
];
