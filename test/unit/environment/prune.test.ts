import * as assert from 'uvu/assert';
import { RULES } from '../../../charts/rights.ts';
import { labels, type Manifest } from '../../../operator/api/resolved.ts';
import { PRUNED, strays } from '../../../operator/environment/prune.ts';
import { resourceOf } from '../../../operator/environment/resources.ts';
import type { Live } from '../../../operator/environment/snapshot.ts';
import { suite } from '../../harness/suite.ts';
import { World } from './world.ts';

const test = suite('what components give up');

const environment = {
  metadata: { name: 'shop', namespace: 'market', uid: 'e1', resourceVersion: '1', generation: 1 },
};
const rendered: Manifest[] = [{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'shop-pooler' } }];

function object(kind: string, name: string, metadata: Partial<Live['metadata']> = {}): Live {
  return {
    apiVersion: 'v1',
    kind,
    metadata: {
      name,
      namespace: 'market',
      uid: `uid-${name}`,
      resourceVersion: '7',
      labels: labels('shop', 'network'),
      annotations: { 'cryptosense.io/applied': 'abc' },
      ownerReferences: [{ uid: 'e1', controller: true }],
      ...metadata,
    },
  };
}

test('what is not rendered any more is deleted, in the version that was seen; what is rendered stays', () => {
  const live = [object('Service', 'shop-pooler'), object('NetworkPolicy', 'shop-network-api')];
  assert.equal(strays(environment, rendered, live), [
    {
      type: 'delete',
      kind: 'NetworkPolicy',
      name: 'shop-network-api',
      uid: 'uid-shop-network-api',
      resourceVersion: '7',
      why: 'its component does without it now',
    },
  ]);
});

test('nothing that holds data or a password, and nothing of a release, is ever deleted', () => {
  const kinds = ['StatefulSet', 'PersistentVolumeClaim', 'Secret', 'Job', 'ControllerRevision', 'Pod'];
  const live = [
    ...kinds.map((kind) => object(kind, 'shop-old')),
    object('HTTPRoute', 'shop-api'),
    ...PRUNED.map((kind) =>
      object(kind, 'shop-api-0a', { labels: { ...labels('shop', 'api'), 'cryptosense.io/revision': '0a' } }),
    ),
  ];
  assert.equal(strays(environment, rendered, live), []);
});

test('an object that anything says is not of this environment and this operator is left alone', () => {
  const foreign: Partial<Live['metadata']>[] = [
    { labels: labels('other', 'network') },
    { labels: { ...labels('shop', 'network'), 'app.kubernetes.io/managed-by': 'Helm' } },
    {
      labels: {
        'app.kubernetes.io/managed-by': 'cryptosense-operator',
        'cryptosense.io/environment': 'shop',
      },
    },
    { ownerReferences: [], labels: labels('shop', 'api') },
    { ownerReferences: [{ uid: 'e0', controller: true }] },
    { ownerReferences: [{ uid: 'e1', controller: false }], labels: labels('shop', 'api') },
    { annotations: {} },
    { deletionTimestamp: '2026-01-01T00:00:00Z' },
  ];
  for (const metadata of foreign) {
    const live = PRUNED.map((kind) => object(kind, 'shop-old', metadata));
    assert.equal(strays(environment, rendered, live), [], JSON.stringify(metadata));
  }
});

test('that nothing at all is rendered deletes nothing', () => {
  assert.equal(strays(environment, [], [object('Service', 'shop-pooler')]), []);
});

test('the operator has the right to delete every kind that it prunes', () => {
  for (const kind of PRUNED) {
    const { group, plural } = resourceOf(kind);
    const rule = RULES.find(
      ({ apiGroups, resources }) => apiGroups?.includes(group) && resources?.includes(plural),
    );
    assert.ok(rule?.verbs.includes('delete'), kind);
  }
});

test('a stray object is deleted once, one like it that a person made stays, and the environment stays Ready', async () => {
  const world = new World().create();
  await world.rest();
  const account = world.server.get('ServiceAccount', 'shop-api') as Live;
  world.server.put({ ...account, metadata: { ...account.metadata, name: 'shop-former' } });
  world.server.put({ ...account, metadata: { ...account.metadata, name: 'shop-mine', annotations: {} } });
  world.server.writes.length = 0;
  await world.rest();
  assert.equal(world.server.writes, ['DELETE ServiceAccount/shop-former']);
  assert.ok(world.server.get('ServiceAccount', 'shop-mine'));
  assert.is(world.condition('Ready')?.status, 'True');
});

test('policies that are switched off go, the one that forbids first, and come back in the other order', async () => {
  const world = new World().create();
  await world.rest();
  const policies = () => world.server.list('NetworkPolicy').map(({ metadata }) => metadata.name);
  const before = policies();
  assert.ok(before.length > 3);
  world.server.writes.length = 0;
  world.edit((spec) => {
    spec.network = { policies: false };
  });
  await world.rest();
  assert.equal(policies(), []);
  const deleted = world.server.writes.filter((write) => write.startsWith('DELETE'));
  assert.is(deleted.length, before.length);
  assert.is(deleted[0], 'DELETE NetworkPolicy/shop-network-default');
  world.edit((spec) => {
    spec.network = { policies: true };
  });
  await world.rest();
  assert.equal(policies().sort(), before.sort());
  assert.is(policies().length, before.length);
  assert.is(world.condition('Ready')?.status, 'True');
});

test.run();
