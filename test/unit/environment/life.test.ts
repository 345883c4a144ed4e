import * as assert from 'uvu/assert';
import type { Live } from '../../../operator/environment/snapshot.ts';
import { suite } from '../../harness/suite.ts';
import { QUICK, World } from './world.ts';

const test = suite('life of an environment');

const serving = new World().create();
await serving.rest();
const world = () => new World(serving);
interface Backend {
  name: string;
  weight: number;
}
const backends = ({ spec }: Live) =>
  (spec as { rules: { backendRefs: Backend[] }[] }).rules[0]?.backendRefs ?? [];
const route = ({ server }: World) => server.get('HTTPRoute', 'shop-api') as Live;
const reasons = ({ events }: World) => events.map(({ reason }) => reason);

test('an environment made from nothing comes to rest: Ready, and nothing left to do', async () => {
  assert.equal(serving.failures, []);
  const is = Object.fromEntries((serving.status.conditions ?? []).map(({ type, status }) => [type, status]));
  assert.equal([is.Ready, is.Reconciling, is.Stalled], ['True', 'False', 'False']);
  assert.equal(reasons(serving), ['Deployed']);
});

test('at rest nothing is written, neither by the same process nor by a new one', async () => {
  const still = world();
  for (let i = 0; i < 3; i++) await still.look();
  still.restart();
  await still.rest();
  assert.equal(still.server.writes, []);
});

test('a quantity that the server keeps in another form is written once by a process, not at every look', async () => {
  const other = new World().create({ ...QUICK, api: { resources: { cpu: '1000m', memory: '1024Mi' } } });
  await other.rest();
  const { length } = other.server.writes;
  for (let i = 0; i < 3; i++) await other.look();
  assert.is(other.server.writes.length, length);
});

test('a single pod is enough for an environment to come to rest', async () => {
  const small = new World().create({ ...QUICK, replicas: 1 });
  await small.rest();
  assert.is(small.condition('Reconciling')?.status, 'False', small.status.summary);
});

test('C1 a good release is promoted, Ready stays True, and its last word is that it serves', async () => {
  const good = world().release('api:2');
  let dips = 0;
  await good.until(() => {
    if (good.condition('Ready')?.status !== 'True') dips += 1;
    return good.condition('Reconciling')?.status === 'False' && good.status.stable?.image === 'api:2';
  });
  await good.rest();
  assert.is(dips, 0);
  assert.is(good.status.summary, 'api:2 serves');
  assert.equal(good.cluster.broken, []);
});

test('a bad release ends with the stable one alone, and says why', async () => {
  const bad = world().release('api:2', { errorRatio: 0.4 });
  await bad.rest();
  assert.is(bad.status.stable?.image, 'api:1');
  assert.match(bad.condition('RolledBack')?.message ?? '', /api:2 was rolled back: .* answered 5xx \(40 %/);
  assert.is(
    bad.server.list('Deployment').filter(({ metadata }) => metadata.name.startsWith('shop-api-')).length,
    1,
  );
  assert.is(bad.condition('Ready')?.status, 'True');
});

test('what somebody else changes is put back', async () => {
  const touched = world();
  touched.server.edit('Service', 'shop-pooler', (service) => {
    (service.spec as { selector: object }).selector = { app: 'mine' };
  });
  touched.server.drop('NetworkPolicy', 'shop-network-api');
  await touched.rest();
  assert.match(JSON.stringify(touched.server.get('Service', 'shop-pooler')?.spec), /component":"pooler"/);
  assert.ok(touched.server.get('NetworkPolicy', 'shop-network-api'));
});

test('weights that somebody else wrote are put back, and the gateway has to confirm them again', async () => {
  const touched = world();
  const at = () => route(touched).metadata.annotations?.['cryptosense.io/routed-at'];
  const before = at();
  touched.server.edit('HTTPRoute', 'shop-api', (copy) => {
    backends(copy).push({ name: 'shop-api-0a1b2c3d4e', weight: 50 });
  });
  await touched.rest();
  assert.is(backends(route(touched)).length, 1);
  assert.is.not(at(), before);
});

test('the status written together with a change does not say that the change is carried out', async () => {
  const changed = world();
  await changed.settle();
  changed.edit((spec) => {
    spec.pooler = { replicas: 2 };
  });
  await changed.look();
  assert.is(changed.status.observedGeneration, changed.environment.metadata.generation);
  assert.is(changed.condition('Reconciling')?.status, 'True');
  await changed.rest();
  assert.is(changed.condition('Reconciling')?.status, 'False');
  assert.match(changed.condition('PoolerReady')?.message ?? '', /2 of 2/);
});

test('an environment can be scaled to nothing and back', async () => {
  const off = world();
  off.edit((spec) => {
    spec.replicas = 0;
  });
  await off.rest();
  assert.is(off.condition('Stalled')?.status, 'False', off.condition('Stalled')?.message);
  const replicas = () =>
    off.server.list('Deployment').find(({ metadata }) => /-api-/.test(metadata.name))?.spec;
  assert.is((replicas() as { replicas: number }).replicas, 0);
  off.edit((spec) => {
    spec.replicas = 3;
  });
  await off.rest();
  assert.is(off.condition('Ready')?.status, 'True');
});

test('a step with a smaller weight than the one before ends like any other', async () => {
  const steps = [{ weight: 100 - 50 }, { pause: '5s' }, { weight: 10 }, { pause: '5s' }, { weight: 100 }];
  const down = world();
  down.edit((spec) => {
    spec.replicas = 10;
    spec.rollout = { ...spec.rollout, canary: { ...spec.rollout?.canary, steps } };
  });
  await down.rest();
  await down.release('api:2').rest();
  assert.is(down.status.stable?.image, 'api:2', down.status.summary);
  assert.not(reasons(down).includes('Stalled'));
});

test('a release mends an environment whose stable pods are dead and whose candidate was given up', async () => {
  const dead = world().release('api:2', { errorRatio: 0.1 });
  await dead.until(() => dead.status.candidate?.weight === 10);
  dead.cluster.releases.set('api:1', { starts: false });
  await dead.until(() => dead.status.rejected !== undefined);
  assert.match(dead.status.summary ?? '', /api:2 gets all requests until it has one/);
  dead.release('api:3');
  await dead.until(() => dead.status.stable?.image === 'api:3');
  await dead.rest();
  assert.is(dead.condition('Ready')?.status, 'True');
});

test('twelve releases within the time that pods are kept end with the pods of the last one', async () => {
  const many = world();
  many.edit((spec) => {
    spec.rollout = { ...spec.rollout, scaleDownDelay: '5m', progressDeadline: '10m' };
  });
  for (let i = 2; i <= 14; i++) {
    many.release(`api:${i}`, { starts: i === 14 });
    await many.until(() =>
      many.server.list('Deployment').some((d) => JSON.stringify(d).includes(`"api:${i}"`)),
    );
    assert.ok((many.status.retired?.length ?? 0) <= 10);
  }
  await many.until(() => many.status.stable?.image === 'api:14');
  await many.rest(400);
  const left = many.server.list('Deployment').filter(({ metadata }) => /-api-/.test(metadata.name));
  assert.is(left.length, 1);
});

test('a first release whose migration fails says that nothing goes on, and what to do', async () => {
  const first = new World();
  first.cluster.releases.set('api:1', { migrates: false });
  first.create();
  await first.rest();
  assert.is(first.condition('Stalled')?.reason, 'MigrationFailed');
  assert.match(
    first.condition('Stalled')?.message ?? '',
    /column is missing\. Release an image whose migration works/,
  );
  first.release('api:2');
  await first.rest();
  assert.is(first.condition('Ready')?.status, 'True');
  assert.is(first.condition('Stalled')?.status, 'False');
});

test('a gateway that answers nothing keeps nobody busy, and the release ends once it answers', async () => {
  const silent = world();
  silent.cluster.isGatewayUp = false;
  silent.release('api:2');
  await silent.until(() => silent.status.candidate?.readyReplicas === 1);
  await silent.rest();
  const { reconciles } = silent;
  for (let i = 0; i < 240; i++) {
    silent.step();
    await silent.settle();
  }
  assert.is(silent.reconciles, reconciles);
  silent.cluster.isGatewayUp = true;
  await silent.until(() => silent.status.stable?.image === 'api:2');
});

test('a gateway API that is installed later is found without anything else happening', async () => {
  const late = new World();
  late.lack('HTTPRoute', 'Gateway');
  late.create();
  await late.until(() => late.condition('ApiReady')?.status === 'True');
  assert.is(late.condition('RoutingReady')?.reason, 'GatewayApiMissing');
  for (let i = 0; i < 80; i++) {
    late.step();
    await late.settle();
  }
  late.lack();
  await late.until(() => late.condition('Ready')?.status === 'True', 60);
});

test('a restored status asks nothing of the pods again', async () => {
  const lost = world();
  lost.server.edit('CryptoSenseEnvironment', 'shop', (environment) => {
    delete environment.status;
  });
  await lost.rest();
  assert.is(lost.status.stable?.image, 'api:1');
  assert.equal(lost.server.writes, ['PATCH CryptoSenseEnvironment status/shop']);
  assert.equal(reasons(lost), ['StatusRebuilt']);
});

test('an environment with a name of 40 characters makes no name or label that is too long', async () => {
  const names = serving.server
    .list('Service')
    .map(({ metadata }) => metadata.name.length - 'shop'.length + 40);
  const jobs = serving.server.list('Job').map(({ metadata }) => metadata.name.length - 'shop'.length + 40);
  assert.ok(Math.max(...names, ...jobs) <= 63);
});

test.run();
