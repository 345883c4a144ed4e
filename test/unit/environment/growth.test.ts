import * as assert from 'uvu/assert';
import type { Manifest } from '../../../operator/api/resolved.ts';
import { growthAgainInMs, growthOf, volumeNote } from '../../../operator/environment/growth.ts';
import type { Live } from '../../../operator/environment/snapshot.ts';
import { suite } from '../../harness/suite.ts';
import { refused } from './api-server.ts';
import { World } from './world.ts';

const test = suite('growing volumes');

function set(storage: string, more: object = {}): Live & Manifest {
  const template = { metadata: { name: 'data' }, spec: { resources: { requests: { storage } } } };
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'shop-cache', uid: 'u', resourceVersion: '7' },
    spec: { volumeClaimTemplates: [template], ...more },
  };
}

function claim(
  name: string,
  storage: string,
  status: object = { phase: 'Bound', capacity: { storage } },
): Live {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, uid: `uid-${name}`, resourceVersion: '3' },
    spec: { resources: { requests: { storage } }, storageClassName: 'fast' },
    status,
  };
}

const NONE = { refusals: new Map(), now: 0 };
const steps = (wanted: string, live: Live | undefined, claims: Live[], more = NONE) =>
  growthOf(set(wanted), live, { claims, ...more }).map((action) => `${action.type} ${action.name}`);

test('every claim of the set grows first, and no claim of another', () => {
  const claims = ['data-shop-cache-0', 'data-shop-cache-1', 'data-shop-cache-old-0', 'logs-shop-cache-0'];
  const all = claims.map((name) => claim(name, '1Gi'));
  assert.equal(steps('2Gi', set('1Gi'), all), ['growClaim data-shop-cache-0', 'growClaim data-shop-cache-1']);
});

test('the set is made again only when every claim has grown', () => {
  const half = [claim('data-shop-cache-0', '2Gi'), claim('data-shop-cache-1', '1Gi')];
  assert.equal(steps('2Gi', set('1Gi'), half), ['growClaim data-shop-cache-1']);
  assert.equal(steps('2Gi', set('1Gi'), half.slice(0, 1)), ['orphan shop-cache']);
  assert.equal(steps('2Gi', set('2Gi'), half.slice(0, 1)), []);
  assert.equal(steps('2Gi', set('1Gi'), []), []);
});

test('a set whose claims would go with it is never made again', () => {
  const live = set('1Gi', { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' } });
  assert.equal(steps('2Gi', live, [claim('data-shop-cache-0', '2Gi')]), []);
});

test('nothing is made smaller, and nothing is done to a set that is being deleted', () => {
  assert.equal(steps('1Gi', set('2Gi'), [claim('data-shop-cache-0', '2Gi')]), []);
  const dying = set('1Gi');
  dying.metadata.deletionTimestamp = '2026-01-05T10:00:00Z';
  assert.equal(steps('2Gi', dying, [claim('data-shop-cache-0', '1Gi')]), []);
});

test('a claim that waits for its volume is not changed', () => {
  assert.equal(steps('2Gi', set('1Gi'), [claim('data-shop-cache-0', '1Gi', { phase: 'Pending' })]), []);
});

test('what was refused is tried again after ten minutes, or at once with another size', () => {
  const refusals = new Map([['data-shop-cache-0', { size: '2Gi', message: 'no', at: 1000 }]]);
  const small = [claim('data-shop-cache-0', '1Gi')];
  const at = (now: number, size = '2Gi') => steps(size, set('1Gi'), small, { refusals, now }).length;
  assert.equal([at(2000), at(600_999), at(601_000), at(2000, '3Gi')], [0, 0, 1, 1]);
  assert.is(growthAgainInMs([], { refusals, now: 2000 }), 599_000);
});

test('the note says what a volume waits for', () => {
  const note = (wanted: string, one: Live, refusals = new Map()) =>
    volumeNote(set('1Gi'), wanted, { claims: [one], refusals }).note;
  const name = 'data-shop-cache-0';
  assert.is(note('1024Mi', claim(name, '1Gi')), '');
  assert.is(note('1Gi', claim(name, '2Gi')), `Volume ${name} stays at 2Gi: a volume cannot shrink to 1Gi.`);
  const message = 'only ... the storageclass that provisions the pvc must support resize';
  assert.is(
    note('2Gi', claim(name, '1Gi'), new Map([[name, { size: '2Gi', message, at: 0 }]])),
    `Volume ${name} stays at 1Gi, although 2Gi is asked for: StorageClass fast does not let volumes grow (allowVolumeExpansion).`,
  );
  const conditions = [{ type: 'FileSystemResizePending', status: 'True', message: 'waiting for the pod' }];
  assert.is(
    note('2Gi', claim(name, '2Gi', { phase: 'Bound', capacity: { storage: '1Gi' }, conditions })),
    `Volume ${name} grows from 1Gi to 2Gi (FileSystemResizePending: waiting for the pod).`,
  );
});

const serving = new World().create();
await serving.rest();
const grow = (world: World, storage: string) =>
  world.edit((spec) => {
    spec.database = { storage };
  });
const sizeOf = (world: World, kind: string, name: string) =>
  JSON.stringify(world.server.get(kind, name)?.spec).match(/"storage":"(\w+)"/)?.[1];

test('a larger database.storage grows the claim, makes the StatefulSet again and restarts no pod', async () => {
  const world = new World(serving);
  const pod = world.server.get('Pod', 'shop-database-pod-0')?.metadata.uid;
  const before = world.server.get('StatefulSet', 'shop-database')?.metadata.uid;
  grow(world, '3Gi');
  await world.until(() => /grows from 1Gi to 3Gi/.test(world.condition('DatabaseReady')?.message ?? ''));
  assert.is(world.condition('DatabaseReady')?.status, 'True');
  await world.rest();
  assert.is(sizeOf(world, 'PersistentVolumeClaim', 'data-shop-database-0'), '3Gi');
  assert.is(sizeOf(world, 'StatefulSet', 'shop-database'), '3Gi');
  assert.is.not(world.server.get('StatefulSet', 'shop-database')?.metadata.uid, before);
  assert.is(world.server.get('Pod', 'shop-database-pod-0')?.metadata.uid, pod);
  assert.is(world.condition('DatabaseReady')?.message, 'PostgreSQL: 1 of 1 pods ready.');
});

test('a class that does not let volumes grow is said, asked seldom, and keeps nothing else from being written', async () => {
  const world = new World(serving);
  let tries = 0;
  world.server.intercept = (verb, { kind }) => {
    if (verb !== 'PATCH' || kind !== 'PersistentVolumeClaim') return;
    tries += 1;
    throw refused(403, 'Forbidden', 'the storageclass that provisions the pvc must support resize');
  };
  grow(world, '3Gi');
  world.edit((spec) => {
    spec.pooler = { replicas: 2 };
  });
  for (let i = 0; i < 240; i++) {
    world.step();
    await world.settle();
  }
  assert.is(tries, 1);
  assert.match(
    world.condition('DatabaseReady')?.message ?? '',
    /stays at 1Gi, although 3Gi is asked for: StorageClass/,
  );
  assert.is(world.condition('Stalled')?.status, 'False');
  assert.match(JSON.stringify(world.server.get('Deployment', 'shop-pooler')?.spec), /"replicas":2/);
  assert.equal(world.failures, []);
});

test.run();
