import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { World } from './world.ts';

const test = suite('the predictor of an environment');

const imageOf = (world: World) => {
  const live = world.server.get('Deployment', 'shop-predictor') as
    | { spec: { template: { spec: { containers: { image: string }[] } } } }
    | undefined;
  return live?.spec.template.spec.containers[0]?.image;
};

const serving = new World().create();
await serving.rest();
const first = imageOf(serving);

test('it stays with the release that serves during a canary, and follows when that is promoted', async () => {
  assert.is(first, serving.status.stable?.image);
  const world = new World(serving).release('api:2');
  await world.until(() => world.status.candidate?.weight === 10);
  assert.is(imageOf(world), first);
  await world.rest();
  assert.is(world.status.stable?.image, 'api:2');
  assert.is(imageOf(world), 'api:2');
});

test('it stays with the release that serves when the status is lost during a canary', async () => {
  const world = new World(serving).release('api:2');
  await world.until(() => world.status.candidate?.weight === 10);
  const images = new Set<string | undefined>();
  world.server.edit('CryptoSenseEnvironment', 'shop', (environment) => {
    delete environment.status;
  });
  await world.until(() => {
    images.add(imageOf(world));
    return world.status.candidate?.weight === 10;
  });
  assert.equal([...images], [first]);
});

test('switched off it is deleted, and its condition with it; Ready does not wait for it', async () => {
  const world = new World(serving);
  assert.ok(world.condition('PredictorReady'));
  world.edit((spec) => {
    spec.predictor = { enabled: false };
  });
  await world.rest();
  assert.is(imageOf(world), undefined);
  assert.is(world.server.get('Service', 'shop-predictor'), undefined);
  assert.is(world.condition('PredictorReady'), undefined);
  assert.is(world.condition('Ready')?.status, 'True');
});

test.run();
