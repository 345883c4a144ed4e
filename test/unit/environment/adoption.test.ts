import * as assert from 'uvu/assert';
import { labels, MANAGER } from '../../../operator/api/resolved.ts';
import { assertOurs, NotOursError } from '../../../operator/environment/adoption.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import type { KubeObject } from '../../../operator/kube/resources.ts';
import { suite } from '../../harness/suite.ts';
import { World } from './world.ts';

const test = suite('objects of others');

const serving = new World().create();
await serving.rest();
const { environment } = serving;

function service(metadata: object): KubeObject {
  const its = { name: 'shop-pooler', namespace: 'market', uid: 'u', resourceVersion: '7' };
  return { apiVersion: 'v1', kind: 'Service', metadata: { ...its, ...metadata } };
}

function refusal(metadata: object): string | undefined {
  try {
    assertOurs(service(metadata), RESOURCES.services, environment);
    return undefined;
  } catch (error) {
    assert.instance(error, NotOursError);
    return (error as Error).message;
  }
}

test('an object that somebody else made is refused in a sentence that says who and what to do', () => {
  const managedFields = [
    { manager: 'kubectl-create', operation: 'Update' },
    { manager: 'kube-controller-manager', operation: 'Update' },
  ];
  assert.is(
    refusal({ managedFields }),
    'Service market/shop-pooler is there already, and is not of this environment (managed by kubectl-create, kube-controller-manager): ' +
      'delete it, or hand it over with kubectl -n market annotate services shop-pooler cryptosense.io/adopt=shop',
  );
});

test('an object that was handed over to this environment is taken, one handed to another is not', () => {
  assert.is(refusal({ annotations: { 'cryptosense.io/adopt': 'shop' } }), undefined);
  assert.ok(refusal({ annotations: { 'cryptosense.io/adopt': 'other' } }));
});

test('an object with a controller is not taken, whatever is written on it', () => {
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Shop', name: 'theirs', uid: 'x', controller: true }];
  const said = refusal({
    ownerReferences,
    labels: labels('shop', 'pooler'),
    annotations: { 'cryptosense.io/adopt': 'shop' },
  });
  assert.match(said ?? '', /belongs to Shop theirs: delete it there/);
});

test('an object of another environment is not taken, although the operator itself manages it', () => {
  const managedFields = [{ manager: MANAGER, operation: 'Apply' }];
  const said = refusal({ labels: labels('other', 'pooler'), managedFields });
  assert.match(said ?? '', /belongs to the environment other: give one of the two environments another name/);
});

test('an object that carries our labels, or that we have applied before, is ours', () => {
  assert.is(refusal({ labels: labels('shop', 'pooler') }), undefined);
  assert.is(refusal({ managedFields: [{ manager: MANAGER, operation: 'Apply' }] }), undefined);
  assert.ok(refusal({ managedFields: [{ manager: MANAGER, operation: 'Update' }] }));
});

test('an object of somebody else stays as it is, and the environment is stalled until it is gone', async () => {
  const world = new World();
  world.server.put({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'shop-cache', namespace: 'market' },
    spec: { theirs: true },
  });
  world.create();
  await world.until(() => world.condition('Stalled')?.reason === 'NotOurs');
  const { length } = world.server.writes;
  for (let i = 0; i < 3; i++) await world.look();
  assert.equal(world.server.get('Service', 'shop-cache')?.spec, { theirs: true });
  assert.is(world.events.filter(({ reason }) => reason === 'NotOurs').length, 1);
  assert.is(
    world.server.writes.slice(length).filter((write) => write.includes('status')).length <= 1,
    true,
    'the same thing is not written again and again',
  );
  world.server.drop('Service', 'shop-cache');
  await world.until(() => world.condition('Ready')?.status === 'True');
  assert.is(world.condition('Stalled')?.status, 'False');
});

test('two environments never take turns at one object', async () => {
  const world = new World(serving);
  world.server.edit('Service', 'shop-cache', ({ metadata }) => {
    metadata.labels = labels('other', 'cache');
  });
  const { version } = world.server;
  await world.until(() => world.condition('Stalled')?.reason === 'NotOurs');
  assert.match(world.condition('Stalled')?.message ?? '', /belongs to the environment other/);
  assert.equal(
    world.server.writes.filter((write) => write.includes('Service/')),
    [],
  );
  assert.ok(world.server.version > version);
});

test.run();
