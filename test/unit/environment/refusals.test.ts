import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { ApiServer, refused } from './api-server.ts';
import { World } from './world.ts';

const test = suite('writes that fail');

const serving = new World().create();
await serving.rest();
const world = () => new World(serving);

test('a component that is refused does not keep a bad release from being rolled back', async () => {
  const bad = world().release('api:2', { errorRatio: 0.1 });
  await bad.until(() => bad.status.candidate?.weight === 10);
  bad.server.intercept = (_, { kind, name }) => {
    if (kind === 'Deployment' && name === 'shop-pooler') throw refused(403, 'Forbidden', 'a webhook says no');
  };
  bad.edit((spec) => {
    spec.pooler = { replicas: 3 };
  });
  await bad.until(() => bad.status.rejected !== undefined, 60);
  const stalled = bad.condition('Stalled');
  assert.is(stalled?.reason, 'WriteRefused');
  assert.match(
    stalled?.message ?? '',
    /^Deployment\/shop-pooler is refused \(403 Forbidden\): .*a webhook says no/,
  );
  bad.server.intercept = () => {};
  await bad.rest();
  assert.is(bad.condition('Stalled')?.status, 'False');
});

test('a refused write of the release is a condition, and nothing is claimed that was not done', async () => {
  const denied = world();
  denied.server.intercept = (_, { kind }) => {
    if (kind === 'HTTPRoute') throw refused(403, 'Forbidden', 'no right');
  };
  denied.release('api:2');
  await denied.until(() => denied.condition('Stalled')?.status === 'True');
  assert.is(denied.status.candidate?.weight, 0);
  assert.is(denied.condition('Ready')?.status, 'True');
  assert.is(denied.events.at(-1)?.reason, 'ReconcileFailed');
});

test('a refusal with another text each time is written once', async () => {
  const denied = world();
  let times = 0;
  denied.server.intercept = (_, { kind, isStatus }) => {
    if (kind === 'Deployment' && !isStatus) throw refused(403, 'Forbidden', `request ${++times}`);
  };
  denied.edit((spec) => {
    spec.pooler = { replicas: 3 };
  });
  for (let i = 0; i < 20; i++) await denied.look();
  assert.is(times, 20);
  assert.is(denied.server.writes.filter((write) => write.includes('status')).length, 1);
});

test('an environment that is deleted in the middle ends without a failure', async () => {
  for (let before = 1; before <= 6; before++) {
    const gone = world().release('api:2');
    let requests = 0;
    gone.server.intercept = () => {
      requests += 1;
      if (requests === before) gone.server.drop('CryptoSenseEnvironment', 'shop');
    };
    await gone.look();
    await gone.look();
    assert.equal(gone.failures, [], `deleted before request ${before}`);
    assert.not(gone.events.some(({ reason }) => reason === 'ReconcileFailed'));
  }
});

test('an environment made again under its name adopts what the former one left, and comes to rest', async () => {
  const again = world();
  again.server.drop('CryptoSenseEnvironment', 'shop');
  again.create();
  await again.rest();
  assert.is(again.condition('Ready')?.status, 'True');
  assert.is(again.status.stable?.image, 'api:1');
  assert.equal(again.failures, []);
});

test('a plan made from a stale cache does nothing to what has changed since', async () => {
  const now = world().release('api:2');
  await now.until(() => now.status.candidate?.weight === 10);
  const then = new ApiServer(now.server);
  await now.until(() => now.status.stable?.image === 'api:2');
  await now.rest();
  const settled = JSON.stringify(now.server.get('HTTPRoute', 'shop-api')?.spec);
  const stable = now.status.stable?.revision;
  // The former release is withdrawn in the stale picture: its route, its pods.
  then.edit('CryptoSenseEnvironment', 'shop', (environment) => {
    (environment.spec as { release: { image: string } }).release.image = 'api:1';
  });
  now.seen = () => then;
  await now.look();
  assert.is(JSON.stringify(now.server.get('HTTPRoute', 'shop-api')?.spec), settled);
  assert.ok(now.server.get('Deployment', `shop-api-${stable}`));
  now.seen = () => now.server;
  await now.rest();
  assert.is(now.status.stable?.image, 'api:2');
  assert.equal(now.cluster.broken, []);
  assert.is(now.server.list('Deployment').filter(({ metadata }) => /-api-/.test(metadata.name)).length, 1);
});

test('conflicts that do not end are tried ever later and then said', async () => {
  const stuck = world().release('api:2');
  let tries = 0;
  stuck.server.intercept = (verb, { kind }) => {
    if (kind !== 'ControllerRevision' || verb === 'GET') return;
    tries += 1;
    throw refused(409, 'AlreadyExists', 'it has no label of ours');
  };
  for (let i = 0; i < 240; i++) {
    stuck.step();
    await stuck.settle();
    if (stuck.failures.length > 0) break;
  }
  assert.is(tries, 9);
  assert.is(stuck.events.at(-1)?.reason, 'ReconcileFailed');
});

test('an Event of a decision is written when the decision was carried out, not at every try', async () => {
  const overtaken = world().release('api:2');
  let times = 0;
  overtaken.server.intercept = (_, { kind }) => {
    if (kind === 'ConfigMap' && ++times <= 3) throw refused(409, 'Conflict', 'modified');
  };
  await overtaken.until(() => overtaken.status.candidate !== undefined);
  assert.equal(
    overtaken.events.map(({ reason }) => reason),
    ['ReleaseStarted'],
  );
});

test.run();
