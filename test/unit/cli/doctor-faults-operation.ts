import { type Case, cluster, config, part } from './doctor-fault.ts';
import { API, healthy, PROBES } from './doctor-world.ts';
import { ago, object, pod, READY_POD } from './fixtures.ts';

const killed = pod('one', API, {
  ...READY_POD,
  containerStatuses: [{ name: 'api', restartCount: 1, lastState: { terminated: { reason: 'OOMKilled' } } }],
});

export const OPERATION_FAULTS: Case[] = [
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
