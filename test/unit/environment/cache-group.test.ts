import * as assert from 'uvu/assert';
import { cacheGroup } from '../../../operator/environment/workloads.ts';
import { suite } from '../../harness/suite.ts';
import { QUICK, World } from './world.ts';

const test = suite('a cache with replicas');

test('CacheReady says when Redis runs and no Sentinel sees a primary', () => {
  const redis = {
    image: 'redis:1',
    pods: 2,
    readyPods: 2,
    ready: true,
    settled: true,
    message: 'Redis: 2 of 2 pods ready.',
  };
  const sentinels = {
    image: 'redis:1',
    pods: 3,
    readyPods: 0,
    ready: false,
    settled: false,
    message: 'Sentinel: 0 of 3 pods ready.',
  };
  assert.equal(cacheGroup(redis, sentinels), {
    image: 'redis:1',
    pods: 2,
    readyPods: 2,
    ready: false,
    settled: false,
    message: 'Redis: 2 of 2 pods ready. Sentinel: 0 of 3 pods ready. No Sentinel sees a primary Redis.',
  });
});

test('back to one Redis the Sentinels leave, their StatefulSet is not deleted, and no API pod is replaced', async () => {
  const world = new World().create({ ...QUICK, cache: { replicas: 2 } });
  await world.rest();
  const pods = (name: string) =>
    (world.server.get('StatefulSet', name)?.spec as { replicas?: number } | undefined)?.replicas;
  assert.equal([pods('shop-cache'), pods('shop-sentinel')], [2, 3]);
  assert.is(world.condition('CacheReady')?.status, 'True');
  world.server.writes.length = 0;
  world.edit((spec) => {
    spec.cache = { replicas: 1 };
  });
  await world.rest();
  assert.equal([pods('shop-cache'), pods('shop-sentinel')], [1, 0]);
  assert.not.ok(world.server.get('Service', 'shop-sentinel'));
  assert.is(world.condition('CacheReady')?.status, 'True');
  assert.equal(
    world.server.writes.filter((write) => write.includes('Deployment')),
    [],
  );
  world.server.writes.length = 0;
  await world.rest();
  assert.equal(world.server.writes, []);
});

test.run();
