import * as assert from 'uvu/assert';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { LABELS } from '../../../operator/api/resolved.ts';
import { suite } from '../../harness/suite.ts';
import { QUICK, World } from './world.ts';

const test = suite('an environment without a gateway');

const SERVICE: EnvironmentSpec = {
  ...QUICK,
  autoscaling: { minReplicas: 2, maxReplicas: 4 },
  routing: { mode: 'service' },
};

const NAME = 'shop-api';
const selectorOf = (world: World) =>
  (world.server.get('Service', NAME)?.spec as { selector: Record<string, string> } | undefined)?.selector;
const pinOf = (world: World) => selectorOf(world)?.[LABELS.revision];

/** One that serves api:1, in a cluster that knows no HTTPRoute. */
async function serving(spec: EnvironmentSpec = SERVICE): Promise<World> {
  const world = new World().lack('HTTPRoute', 'Gateway').create(spec);
  await world.rest();
  return world;
}

function isWhole(world: World): void {
  assert.equal(world.cluster.broken, []);
  assert.equal(world.failures, []);
}

test('is Ready on a cluster that has no Gateway API, and says where it answers', async () => {
  const world = await serving();
  assert.is(world.condition('Ready')?.status, 'True', world.condition('Ready')?.message);
  assert.is(world.condition('RoutingReady')?.message, 'Service market/shop-api leads to the API.');
  assert.is(world.status.endpoint, 'http://shop-api.market.svc');
  assert.equal(selectorOf(world), {
    [LABELS.environment]: 'shop',
    [LABELS.component]: 'api',
    [LABELS.revision]: world.status.stable?.revision,
  });
  assert.is(world.server.get('HTTPRoute', NAME), undefined);
  isWhole(world);
});

test('A10 status, Events and summary tell the share that runs: 1 of 3 pods is 33 %', async () => {
  const world = await serving();
  world.release('api:2');
  await world.until(() => (world.status.candidate?.weight ?? 0) > 0);
  assert.is(world.status.candidate?.weight, 33);
  assert.is(pinOf(world), undefined);
  await world.until(() => /watched until/.test(world.status.summary ?? ''));
  assert.match(world.status.summary ?? '', /at 33 %, .*1 of 3 pods, 33 % for the step's 10 %$/);
  await world.rest();
  assert.is(world.status.stable?.image, 'api:2');
  assert.is(pinOf(world), world.status.stable?.revision);
  isWhole(world);
});

test('C4 an abort pins the selector to the stable release at once, and the pods with open connections go without delay', async () => {
  const world = await serving({ ...SERVICE, rollout: { ...SERVICE.rollout, scaleDownDelay: '1h' } });
  const stable = world.status.stable?.revision;
  world.release('api:2');
  await world.until(() => (world.status.candidate?.weight ?? 0) > 0);
  const bad = world.status.candidate?.revision;
  world.command('abort', 2);
  await world.settle();
  assert.is(pinOf(world), stable);
  assert.is.not(world.server.get('Deployment', `${NAME}-${bad}`), undefined);
  await world.rest();
  assert.is(world.server.get('Deployment', `${NAME}-${bad}`), undefined);
  assert.is(world.status.rejected?.revision, bad);
  isWhole(world);
});

test('B1 blue-green moves the selector from one release to the other in one write', async () => {
  const world = await serving({ ...SERVICE, rollout: { ...QUICK.rollout, strategy: 'blueGreen' } });
  const blue = pinOf(world);
  const pins = new Set<string | undefined>();
  world.release('api:2');
  await world.until(() => {
    pins.add(pinOf(world));
    return world.status.stable?.image === 'api:2';
  });
  await world.rest();
  assert.equal([...pins], [blue, world.status.stable?.revision]);
  isWhole(world);
});

test('C6 a third release shares only when the pods of the second are gone', async () => {
  const world = await serving({ ...SERVICE, rollout: { ...SERVICE.rollout, scaleDownDelay: '1h' } });
  world.release('api:2');
  await world.until(() => (world.status.candidate?.weight ?? 0) > 0);
  world.release('api:3');
  await world.until(() => world.status.candidate?.image === 'api:3' && world.status.candidate.weight > 0);
  await world.until(() => world.status.stable?.image === 'api:3');
  isWhole(world);
});

test('a selector that somebody changed is mended, also one that finds fewer pods than it should', async () => {
  const world = await serving();
  const before = selectorOf(world);
  for (const selector of [{ app: 'other' }, { ...before, app: 'other' }]) {
    world.server.edit('Service', NAME, (service) => {
      (service.spec as { selector: object }).selector = selector;
    });
    world.step();
    await world.settle();
    assert.equal(selectorOf(world), before);
  }
  await world.rest();
  assert.is(world.condition('Ready')?.status, 'True');
});

test('headers and copies of requests are refused with the step and what to do', async () => {
  const world = await serving();
  world.edit((spec) => {
    spec.rollout = { canary: { steps: [{ headers: [{ name: 'X-Beta', value: 'yes' }] }, { weight: 100 }] } };
  });
  await world.settle();
  assert.is(world.condition('Stalled')?.reason, 'InvalidSpec');
  assert.match(
    world.condition('Stalled')?.message ?? '',
    /spec\.rollout\.canary\.steps\[0\]\.headers needs a gateway, and spec\.routing\.mode is service/,
  );
  world.edit((spec) => {
    spec.rollout = { canary: { steps: [{ weight: 5 }, { mirror: 10 }, { weight: 100 }] } };
  });
  await world.settle();
  assert.match(world.condition('Stalled')?.message ?? '', /steps\[1\]\.mirror needs a gateway/);
});

const modes = [
  ['service', 'gateway'],
  ['gateway', 'service'],
] as const;
for (const [before, after] of modes) {
  const [old, fresh] = before === 'service' ? ['Service', 'HTTPRoute'] : ['HTTPRoute', 'Service'];
  test(`from mode ${before} to ${after} the old address answers until the new one does, then it is gone`, async () => {
    const world = new World().create({ ...SERVICE, routing: { mode: before } });
    await world.rest();
    world.release('api:2');
    await world.until(() => (world.status.candidate?.weight ?? 0) > 0);
    world.edit((spec) => {
      spec.routing = { mode: after };
    });
    await world.until(() => {
      const has = (kind: string) => world.server.get(kind, NAME) !== undefined;
      assert.ok(has(old) || has(fresh));
      return !has(old);
    });
    await world.rest();
    assert.is(world.status.stable?.image, 'api:2');
    assert.is(world.condition('Ready')?.status, 'True');
    isWhole(world);
  });
}

test('A4 an operator that dies after any write of a canary and its abort comes to the same end', async () => {
  for (let writes = 1; ; writes++) {
    const world = await serving();
    world.server.dieAfter = writes;
    world.release('api:2');
    await world.until(() => (world.status.candidate?.weight ?? 0) > 0);
    world.command('abort', 2);
    await world.rest();
    const isOver = world.server.dieAfter > 0;
    assert.is(world.status.rejected?.image, 'api:2');
    assert.is(pinOf(world), world.status.stable?.revision);
    isWhole(world);
    if (isOver && world.server.dieAfter !== Number.POSITIVE_INFINITY) return;
  }
});

test.run();
