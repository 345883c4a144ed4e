import { equal, is, match } from 'uvu/assert';
import type { Part } from '../../../cli/status/node.ts';
import { podPart } from '../../../cli/status/pods.ts';
import { listLines, statusLines } from '../../../cli/status/render.ts';
import { environmentHealth, treeOf } from '../../../cli/status/tree.ts';
import { plain } from '../../../cli/terminal/terminal.ts';
import { suite } from '../../harness/suite.ts';
import {
  ago,
  candidate,
  condition,
  environment,
  NOW,
  object,
  parts,
  pod,
  READY_POD,
  REJECTED,
} from './fixtures.ts';

const test = suite('The tree of an environment');

const API = { 'app.kubernetes.io/component': 'api', 'cryptosense.io/revision': 'aaaaaaaaaa' };
const find = (tree: Part, role: string): Part[] => [
  ...(tree.role === role ? [tree] : []),
  ...tree.parts.flatMap((part) => find(part, role)),
];

test('an environment is well only when it is ready, at rest, and its newest spec was seen', () => {
  is(environmentHealth(environment()), 'ok');
  is(environmentHealth(environment({ observedGeneration: 3 })), 'busy');
  is(
    environmentHealth(
      environment({ conditions: [condition('Ready', 'True'), condition('Reconciling', 'True')] }),
    ),
    'busy',
  );
  is(
    environmentHealth(
      environment({ conditions: [condition('Ready', 'False'), condition('Reconciling', 'True')] }),
    ),
    'busy',
  );
  is(
    environmentHealth(
      environment({ conditions: [condition('Ready', 'False'), condition('Reconciling', 'False')] }),
    ),
    'bad',
  );
  is(
    environmentHealth(
      environment({ conditions: [condition('Ready', 'True'), condition('Stalled', 'True')] }),
    ),
    'bad',
  );
});

test('a pod that will not come says why in the words of the kubelet or of the scheduler', () => {
  const waiting = {
    state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s' } },
    lastState: { terminated: { reason: 'OOMKilled', exitCode: 137 } },
  };
  const crashing = podPart(
    pod('a', API, { phase: 'Running', containerStatuses: [{ name: 'api', restartCount: 4, ...waiting }] }),
  );
  equal([crashing.health, crashing.says], ['bad', ['running', '4 restarts', 'on node-1']]);
  is(crashing.waiting, 'CrashLoopBackOff: back-off 40s (ended with 137, OOMKilled)');
  const scheduled = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes' };
  const pending = podPart(pod('b', API, { phase: 'Pending', conditions: [scheduled] }));
  equal([pending.health, pending.waiting], ['bad', 'Unschedulable: 0/3 nodes']);
  is(podPart(pod('c', API, READY_POD)).health, 'ok');
  is(podPart(pod('d', API, { phase: 'Running' })).waiting, 'its readiness probe does not succeed');
});

test('each release has its share of the requests, its pods and its state', () => {
  const backendRefs = [
    { name: 'shop-api-aaaaaaaaaa', weight: 80 },
    { name: 'shop-api-bbbbbbbbbb', weight: 20 },
  ];
  // Requests of testers have a rule of their own, before that of everybody.
  const testers = { backendRefs: [{ name: 'shop-api-bbbbbbbbbb', weight: 1 }] };
  const tree = treeOf(
    environment({ candidate: candidate(), rejected: REJECTED }),
    parts({
      pods: [
        pod('one', API, READY_POD),
        pod('two', { ...API, 'cryptosense.io/revision': 'bbbbbbbbbb' }, { phase: 'Pending' }),
      ],
      routes: [object('HTTPRoute', 'shop-api', { spec: { rules: [testers, { backendRefs }] } })],
    }),
    NOW,
  );
  equal(
    find(tree, 'release').map(({ name, health, says }) => [name, health, ...says.slice(0, 3)]),
    [
      ['api:1 (1-aaaaaaaaaa)', 'ok', 'serves', '80 % of the requests', '1/1 pods'],
      ['api:2 (2-bbbbbbbbbb)', 'busy', 'is tried', '20 % of the requests', '0/1 pods'],
      ['api:3 (3-cccccccccc)', 'bad', 'was rolled back', '5m ago', undefined],
    ].map((row) => row.filter((cell) => cell !== undefined)),
  );
});

test('the API is well when it serves, whatever was rolled back before', () => {
  const serving = parts({ pods: [pod('one', API, READY_POD)] });
  const ready = { conditions: [condition('ApiReady', 'True', '')] };
  const health = (rest: object) =>
    find(treeOf(environment({ ...ready, ...rest }), serving, NOW), 'api')[0]?.health;
  equal([health({ rejected: REJECTED }), health({ candidate: candidate() })], ['ok', 'busy']);
});

test('components have their pods, volumes and the condition’s sentence when they are not ready', () => {
  const components = [{ name: 'database', image: 'db:1', pods: 1, readyPods: 0 }];
  const tree = treeOf(
    environment({
      components,
      conditions: [condition('DatabaseReady', 'False', 'shop-database: 0 of 1 pods ready.')],
    }),
    parts({
      pods: [pod('shop-database-0', { 'app.kubernetes.io/component': 'database' }, { phase: 'Pending' })],
      claims: [
        object('PersistentVolumeClaim', 'data', {
          metadata: { labels: { 'app.kubernetes.io/component': 'database' } } as never,
          spec: { resources: { requests: { storage: '2Gi' } } },
          status: { phase: 'Bound', capacity: { storage: '1Gi' } },
        }),
      ],
    }),
    NOW,
  );
  const [database] = find(tree, 'database');
  equal([database?.health, database?.waiting], ['bad', 'shop-database: 0 of 1 pods ready.']);
  equal(
    database?.parts.map(({ role, waiting }) => [role, waiting]),
    [
      ['pod', undefined],
      ['volume', 'it is to grow to 2Gi'],
    ],
  );
});

test('an autoscaler without metrics, a Job that failed and the newest backup are in it', () => {
  const inactive = { type: 'ScalingActive', status: 'False', message: 'no metrics API' };
  const tree = treeOf(
    environment(),
    parts({
      autoscalers: [
        object('HorizontalPodAutoscaler', 'shop-api', {
          spec: { minReplicas: 2, maxReplicas: 4 },
          status: { currentReplicas: 2, conditions: [inactive] },
        }),
      ],
      jobs: [
        object('Job', 'shop-migrate-x', {
          status: { conditions: [{ type: 'Failed', status: 'True', message: 'BackoffLimitExceeded' }] },
        }),
        object('Job', 'shop-migrate-y', { status: { succeeded: 1 } }),
      ],
      backups: [
        object('CryptoSenseBackup', 'old', { status: { completedAt: ago(200) } }),
        object('CryptoSenseBackup', 'new', { status: { completedAt: ago(90), verifiedAt: ago(60) } }),
      ],
    }),
    NOW,
  );
  equal(
    find(tree, 'autoscaler').map(({ health, waiting }) => [health, waiting]),
    [['bad', 'no metrics API']],
  );
  equal(
    find(tree, 'job').map(({ name }) => name),
    ['shop-migrate-x'],
  );
  equal(
    find(tree, 'backup').map(({ name, says }) => [name, ...says]),
    [['new', 'complete 1h30m ago', 'verified']],
  );
});

test('what is waited for is said once, and a broken promise is worth a line', () => {
  const seen = environment({
    summary: 'api:1 serves',
    waitingFor: [
      { what: 'api:1 serves', since: ago(3) },
      { what: 'a volume', since: ago(3) },
    ],
    conditions: [condition('Ready', 'True'), condition('UpToDate', 'False', 'database: an earlier form.')],
  });
  const text = statusLines(seen, treeOf(seen, parts(), NOW), plain, NOW).join('\n');
  is(text.split('api:1 serves').length, 2, text);
  match(text, /Waiting for\n· a volume \(3m\)/);
  match(text, /Good to know\n· UpToDate: database: an earlier form\./);
  match(listLines([seen], plain, NOW).join(), /market\/shop {2}tier local {2}api:1 serves/);
});

test('a pod of the database says which member it is', () => {
  const members = [
    { name: 'shop-database-0', role: 'primary' as const, state: 'running', ready: true, timeline: 3 },
    {
      name: 'shop-database-1',
      role: 'replica' as const,
      state: 'starting',
      ready: false,
      timeline: 3,
      lagBytes: 32 * 2 ** 20,
    },
  ];
  const components = [{ name: 'database', image: 'db:1', pods: 2, readyPods: 2 }];
  const label = { 'app.kubernetes.io/component': 'database' };
  const pods = ['shop-database-0', 'shop-database-1'].map((name) => pod(name, label, READY_POD));
  const tree = treeOf(environment({ components, database: { members } }), parts({ pods }), NOW);
  const [first, second] = find(tree, 'pod');
  equal(first?.says, ['primary', 'timeline 3', 'ready', 'on node-1']);
  equal(second?.says.slice(0, 4), [
    'replica',
    'PostgreSQL: starting',
    'timeline 3',
    'at least 32 MiB behind',
  ]);
});

test.run();
