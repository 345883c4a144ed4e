import * as assert from 'uvu/assert';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import type { Environment } from '../../../operator/api/resolved.ts';
import type { EnvironmentStatus } from '../../../operator/api/status.ts';
import { detailOf } from '../../../operator/dashboard/detail.ts';
import { rowOf } from '../../../operator/dashboard/row.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('an environment as the dashboard shows it');
const NOW = '2026-01-01T00:00:00Z';
const stable = { revision: 'a', number: 1, image: 'api:1' };

function condition(type: string, status: 'True' | 'False') {
  return { type, status, reason: 'Because', message: `${type} is ${status}`, lastTransitionTime: NOW };
}

function environment(status: EnvironmentStatus, spec: Partial<EnvironmentSpec> = {}): Environment {
  return {
    apiVersion: 'cryptosense.io/v1alpha1',
    kind: 'CryptoSenseEnvironment',
    metadata: { name: 'shop', namespace: 'market', uid: 'u', resourceVersion: '1', generation: 1 },
    spec: { tier: 'local', release: { image: 'api:1' }, ...spec },
    status,
  };
}

const candidate = {
  revision: 'b',
  number: 2,
  image: 'api:2',
  step: 0,
  steps: 3,
  startedAt: NOW,
  weight: 10,
  arrived: true,
  replicas: 1,
  readyReplicas: 1,
};
const untilPromoted = { rollout: { canary: { steps: [{ pause: 'untilPromoted' }, { weight: 100 }] } } };

test('the worst of what is so is the word for it', () => {
  const state = (status: EnvironmentStatus, spec?: Partial<EnvironmentSpec>) =>
    rowOf(environment(status, spec)).state;
  assert.is(state({}), 'starting');
  assert.is(state({ stable }), 'serving');
  assert.is(state({ stable, candidate }), 'releasing');
  assert.is(state({ stable, candidate }, untilPromoted), 'waiting');
  assert.is(state({ stable, candidate: { ...candidate, arrived: false } }, untilPromoted), 'releasing');
  assert.is(state({ stable, candidate: { ...candidate, heldSince: NOW } }), 'waiting');
  const rejected = { ...candidate, reason: 'Aborted', message: 'it was', at: NOW };
  assert.is(state({ stable, rejected }), 'rolledBack');
  assert.is(state({ stable, rejected, conditions: [condition('Paused', 'True')] }), 'paused');
  assert.is(state({ stable, candidate, conditions: [condition('Stalled', 'True')] }), 'stalled');
  assert.is(state({ stable, candidate, conditions: [condition('Ready', 'False')] }), 'notReady');
  const dead = [condition('ApiReady', 'False'), condition('Stalled', 'True')];
  assert.is(state({ stable, conditions: dead }), 'down');
});

test('a condition is good or bad by what it means, not by its status', () => {
  const conditions = [
    condition('Ready', 'True'),
    condition('Stalled', 'True'),
    condition('RolledBack', 'False'),
    condition('Reconciling', 'True'),
    condition('UpToDate', 'False'),
    condition('DatabaseReady', 'False'),
  ];
  const { conditions: shown } = detailOf(environment({ conditions }));
  assert.equal(
    shown.map(({ type, tone }) => `${type} ${tone}`),
    [
      'Ready good',
      'Stalled bad',
      'RolledBack good',
      'Reconciling plain',
      'UpToDate note',
      'DatabaseReady bad',
    ],
  );
});

test('nothing of the configuration, of receivers or of Secrets is in what is sent', () => {
  const secret = 'hunter2';
  const shown = detailOf(
    environment(
      {
        stable,
        candidate,
        endpoints: { pooler: 'p', database: 'd', cache: 'c', credentials: `shop-${secret}` },
        notifications: [
          {
            id: '1',
            at: NOW,
            kind: 'start',
            severity: 'info',
            reason: 'ReleaseStarted',
            message: 'It begins.',
            waiting: [secret],
          },
        ],
      },
      {
        release: { image: 'api:1', config: { KEY: secret } },
        notifications: {
          webhooks: [{ name: secret, type: 'generic', urlSecret: { name: secret, key: secret } }],
        },
      },
    ),
  );
  assert.not.match(JSON.stringify(shown), secret);
  assert.is(shown.messages[0]?.message, 'It begins.');
});

test('an environment that nobody has looked at yet is a row all the same', () => {
  const { status: _, ...fresh } = environment({});
  assert.equal(rowOf(fresh), {
    key: 'market/shop',
    namespace: 'market',
    name: 'shop',
    tier: 'local',
    state: 'starting',
    summary: 'The operator has not looked at it yet.',
    pods: 0,
    readyPods: 0,
  });
});

test.run();
