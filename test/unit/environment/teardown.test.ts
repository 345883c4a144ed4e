import * as assert from 'uvu/assert';
import { RULES } from '../../../charts/rights.ts';
import { type Component, type Environment, FINALIZER, labels } from '../../../operator/api/resolved.ts';
import type { Action } from '../../../operator/environment/actions.ts';
import { dataViolation, RETAINED } from '../../../operator/environment/data-guard.ts';
import { owned, STEPS } from '../../../operator/environment/ownership.ts';
import { RESOURCES, WATCHED } from '../../../operator/environment/resources.ts';
import type { Live } from '../../../operator/environment/snapshot.ts';
import { MADE_BY_OTHERS, planTeardown } from '../../../operator/environment/teardown.ts';
import { suite } from '../../harness/suite.ts';
import { refused } from './api-server.ts';
import { World } from './world.ts';

const test = suite('deletion');
const KIND = 'CryptoSenseEnvironment';

const serving = new World().create();
await serving.rest();

const deleted = (world = new World(serving)) => {
  world.server.remove(KIND, 'shop');
  return world;
};
const KEPT = ['Pod', 'EndpointSlice', 'PersistentVolumeClaim'];
const ours = WATCHED.map(({ kind }) => kind).filter((kind) => !KEPT.includes(kind));
const left = ({ server }: World) => ours.flatMap((kind) => server.list(kind));

function leaving(finalizers = [FINALIZER]): Environment {
  const metadata = { ...serving.environment.metadata, finalizers, deletionTimestamp: '2026-01-05T10:00:00Z' };
  return { ...serving.environment, metadata };
}

function object(kind: string, component: string, metadata: Partial<Live['metadata']> = {}): Live {
  const its = { name: `shop-${component}`, uid: `${kind} ${component}`, resourceVersion: '1' };
  return {
    apiVersion: 'v1',
    kind,
    metadata: { ...its, labels: labels('shop', component as Component), ...metadata },
  };
}

function removed(objects: Live[], environment = leaving()): string[] {
  const { actions } = planTeardown({ now: 0, environment, objects });
  return actions.map((action) => (action.type === 'delete' ? `${action.kind}/${action.name}` : action.type));
}

test('the finalizer is the very first write', () => {
  assert.is(serving.server.writes[0], `PATCH ${KIND}/shop`);
  assert.equal(serving.environment.metadata.finalizers, [FINALIZER]);
});

test('a deleted environment goes with everything that the operator made, but the credentials and the volumes', async () => {
  const world = deleted();
  await world.rest();
  assert.is(world.environment, undefined);
  assert.equal(left(world), []);
  assert.ok(world.server.get('Secret', 'shop-credentials'));
  assert.ok(world.server.get('PersistentVolumeClaim', 'data-shop-database-0'));
  assert.equal(world.failures, []);
});

test('what serves goes before what it needs, and the database is the last with pods', async () => {
  const world = deleted();
  await world.rest();
  const deletes = world.server.writes
    .filter((write) => write.startsWith('DELETE'))
    .map((write) => write.slice(7));
  const at = (what: string) => deletes.indexOf(what);
  const revision = deletes.find((what) => what.startsWith('Deployment/shop-api-')) ?? '';
  const order = [
    'HTTPRoute/shop-api',
    revision,
    'Deployment/shop-pooler',
    'StatefulSet/shop-cache',
    'StatefulSet/shop-database',
    'NetworkPolicy/shop-network-api',
  ].map(at);
  assert.equal(
    order,
    [...order].sort((a, b) => a - b),
  );
  assert.ok(order.every((index) => index >= 0));
});

test('the next step waits for the pods of the one before', () => {
  const database = object('StatefulSet', 'database');
  assert.equal(removed([object('Pod', 'api'), database]), []);
  assert.equal(removed([object('Pod', 'cache'), database]), []);
  assert.equal(removed([database]), ['StatefulSet/shop-database']);
});

test('what is going already is waited for and not deleted again', () => {
  const going = object('StatefulSet', 'database', { deletionTimestamp: '2026-01-05T10:00:00Z' });
  assert.equal(removed([going]), []);
  const { status } = planTeardown({ now: 0, environment: leaving(), objects: [going] });
  const reconciling = status?.conditions?.find(({ type }) => type === 'Reconciling');
  assert.is(reconciling?.message, 'Deleting PostgreSQL: waiting for StatefulSet shop-database.');
  assert.is(reconciling?.reason, 'Deleting');
  assert.is(status?.conditions?.find(({ type }) => type === 'Ready')?.status, 'False');
});

test('what somebody else controls is left to that controller, and holds nothing up', () => {
  const controlled = object('ControllerRevision', 'database', {
    ownerReferences: [{ kind: 'StatefulSet', name: 'shop-database', uid: 'other', controller: true }],
  });
  assert.equal(removed([controlled]), ['end']);
});

test('what says which volume has every confirmed write stays with the volumes', () => {
  const memory = object('Service', 'database-sync', { labels: { 'cryptosense.io/retained': 'true' } });
  assert.equal(removed([memory]), ['end']);
});

test('what has no component that is known goes before anything that holds data', () => {
  const later = object('CronJob', 'of-a-later-version');
  assert.equal(removed([later, object('StatefulSet', 'database')]), ['CronJob/shop-of-a-later-version']);
});

test('volumes and Secrets stay', () => {
  assert.equal(removed([object('PersistentVolumeClaim', 'database'), object('Secret', 'database')]), ['end']);
});

test('finalizers of others stay', () => {
  const environment = leaving(['a.example/b', FINALIZER, 'foregroundDeletion']);
  const { actions } = planTeardown({ now: 0, environment, objects: [] });
  assert.equal(actions, [{ type: 'end', finalizers: ['a.example/b', 'foregroundDeletion'] }]);
});

test('an Event says what stays and how to remove it, once', async () => {
  const world = deleted();
  await world.rest();
  const notes = world.events.map(({ reason, note }) => `${reason}: ${note}`);
  assert.is(notes.filter((note) => note.startsWith('Deleting')).length, 1);
  assert.match(
    notes.at(-1) ?? '',
    /^Deleted: .*kubectl -n market delete pvc,secret,service -l cryptosense\.io\/environment=shop$/,
  );
});

test('a deletion that is refused is a condition, and goes on when it is not any more', async () => {
  const world = deleted();
  let isRefused = true;
  world.server.intercept = (verb, { kind }) => {
    if (isRefused && verb === 'DELETE' && kind === 'StatefulSet')
      throw refused(403, 'Forbidden', 'a policy says no');
  };
  await world.until(() => world.condition('Stalled')?.status === 'True');
  const { length } = world.server.writes;
  for (let i = 0; i < 3; i++) await world.look();
  assert.is(world.server.writes.length, length, 'a refusal is written once');
  assert.match(world.condition('Stalled')?.message ?? '', /StatefulSet\/shop-cache is refused .*policy/);
  isRefused = false;
  await world.rest();
  assert.is(world.environment, undefined);
});

test('nothing is written for an environment that others keep when it is taken down', async () => {
  const world = new World(serving);
  world.server.edit(KIND, 'shop', ({ metadata }) => {
    Object.assign(metadata, { finalizers: ['a.example/b'], deletionTimestamp: '2026-01-05T10:00:00Z' });
  });
  await world.rest();
  assert.equal(world.server.writes, []);
});

test('an environment of a version before loses the owners of its data, without another change', async () => {
  const world = new World(serving);
  const owner = { kind: KIND, name: 'shop', uid: world.environment.metadata.uid, controller: true };
  for (const kind of ['StatefulSet', 'Service', 'NetworkPolicy'])
    for (const { metadata } of world.server.list(kind))
      world.server.edit(kind, metadata.name, (live) => {
        live.metadata.ownerReferences ??= [owner];
        live.metadata.annotations = { 'cryptosense.io/applied': 'of the version before' };
      });
  world.server.edit(KIND, 'shop', ({ metadata }) => Object.assign(metadata, { finalizers: [] }));
  await world.rest();
  const owners = (kind: string, name: string) => world.server.get(kind, name)?.metadata.ownerReferences;
  assert.is(owners('StatefulSet', 'shop-database'), undefined);
  assert.is(owners('Service', 'shop-database'), undefined);
  assert.is(owners('HTTPRoute', 'shop-api')?.length, 1);
  assert.equal(world.environment.metadata.finalizers, [FINALIZER]);
});

test('only what serves requests has an owner', () => {
  const owner = {
    apiVersion: 'v1',
    kind: KIND,
    name: 'shop',
    uid: 'u',
    controller: true,
    blockOwnerDeletion: true,
  };
  const isOwned = (component: Component) => {
    const metadata = { name: 'x', labels: labels('shop', component) };
    return (
      owned({ apiVersion: 'v1', kind: 'Service', metadata }, owner).metadata.ownerReferences !== undefined
    );
  };
  assert.equal((['routing', 'api', 'migration', 'predictor'] as const).map(isOwned), Array(4).fill(true));
  assert.equal(
    (['pooler', 'cache', 'sentinel', 'database', 'network'] as const).map(isOwned),
    Array(5).fill(false),
  );
});

test('a final backup has its place after the last writer and before everything that it needs', () => {
  const at = (step: (typeof STEPS)[number]) => STEPS.indexOf(step);
  const order = [
    at('PgBouncer'),
    at('the final backup'),
    at('Redis'),
    at('PostgreSQL'),
    at('the NetworkPolicies'),
  ];
  assert.equal(order, [2, 3, 4, 5, 6]);
});

test('the operator has the right to delete every kind that a deletion may find, and no volume and no password', () => {
  const verbs = ({ group, plural }: (typeof WATCHED)[number]) =>
    RULES.filter(
      ({ apiGroups, resources }) => apiGroups?.includes(group) && resources?.includes(plural),
    ).flatMap((rule) => rule.verbs);
  // Pods are deleted one by one to be made again, and by no deletion of an environment.
  for (const resource of WATCHED.filter(({ kind }) => kind !== 'Pod')) {
    const isDeleted = !MADE_BY_OTHERS.has(resource.kind) && !RETAINED.has(resource.kind);
    assert.is(verbs(resource).includes('delete'), isDeleted, resource.kind);
  }
  assert.is(verbs(RESOURCES.secrets).includes('delete'), false);
});

test('the guard lets nothing that holds data go without the word of the user', () => {
  const remove = (kind: string): Action => ({ type: 'delete', kind, name: 'shop-x', why: '' });
  const { environment } = serving;
  assert.match(dataViolation([remove('StatefulSet')], environment) ?? '', /StatefulSet shop-x/);
  assert.match(dataViolation([remove('PersistentVolumeClaim')], leaving()) ?? '', /PersistentVolumeClaim/);
  assert.match(dataViolation([remove('Secret')], leaving()) ?? '', /Secret shop-x/);
  assert.ok(dataViolation([{ type: 'end', finalizers: [] }], environment));
  assert.is(dataViolation([remove('StatefulSet')], leaving()), undefined);
  assert.is(dataViolation([remove('Deployment')], environment), undefined);
});

test.run();
