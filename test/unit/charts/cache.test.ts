import * as assert from 'uvu/assert';
import { renderComponents, renderRevision } from '../../../charts/render.ts';
import { suite } from '../../harness/suite.ts';
import { find, resolved, revisionOf, workloads } from './environments.ts';

const test = suite('the cache');

test('one Redis has no Sentinels, no budget, and starts redis-server itself', () => {
  const { cache, sentinel } = renderComponents(resolved());
  assert.equal(sentinel, []);
  assert.equal(
    cache.map(({ kind }) => kind),
    ['ConfigMap', 'Service', 'Service', 'StatefulSet'],
  );
  const [pod] = workloads(cache);
  assert.is(pod?.spec.replicas, 1);
  assert.is(
    (pod?.spec.template.spec.containers[0] as { command?: string[] } | undefined)?.command,
    undefined,
  );
});

test('production has a replica and three Sentinels, each kind with a budget of one', () => {
  const { cache, sentinel } = renderComponents(resolved({ tier: 'production' }));
  const sizes = [...workloads(cache), ...workloads(sentinel)].map(({ name, spec }) => [name, spec.replicas]);
  assert.equal(sizes, [
    ['shop-cache', 2],
    ['shop-sentinel', 3],
  ]);
  for (const [manifests, name] of [
    [cache, 'shop-cache'],
    [sentinel, 'shop-sentinel'],
  ] as const) {
    assert.is(
      (find(manifests, 'PodDisruptionBudget', name).spec as { maxUnavailable: number }).maxUnavailable,
      1,
    );
  }
});

test('members and Sentinels know each other by names that their Services resolve', () => {
  const { cache, sentinel } = renderComponents(resolved({ cache: { replicas: 3 } }));
  for (const { spec } of [...workloads(cache), ...workloads(sentinel)]) {
    const env = new Map(spec.template.spec.containers[0]?.env?.map(({ name, value }) => [name, value]));
    assert.is(env.get('CACHE_MEMBERS'), [0, 1, 2].map((i) => `shop-cache-${i}.shop-cache-members`).join(' '));
    assert.is(env.get('CACHE_SENTINELS'), [0, 1, 2].map((i) => `shop-sentinel-${i}.shop-sentinel`).join(' '));
  }
  for (const [manifests, service] of [
    [cache, 'shop-cache-members'],
    [sentinel, 'shop-sentinel'],
  ] as const) {
    const spec = find(manifests, 'Service', service).spec as Record<string, unknown>;
    assert.is(spec.clusterIP, 'None');
    assert.is(spec.publishNotReadyAddresses, true);
    assert.is(
      (workloads(manifests)[0]?.manifest.spec as { serviceName: string } | undefined)?.serviceName,
      service,
    );
  }
});

test('the label that a StatefulSet gives its pods fits with an environment of 40 characters', () => {
  const { cache, sentinel } = renderComponents(resolved({ tier: 'production' }, 'a'.repeat(40)));
  for (const { name } of [...workloads(cache), ...workloads(sentinel)])
    assert.ok(`${name}-0123456789`.length <= 63, name);
});

test('another number of Redis pods changes nothing of the API', () => {
  const alone = resolved({ cache: { replicas: 1 } });
  const group = resolved({ cache: { replicas: 3 } });
  assert.equal(renderRevision(group, revisionOf(group)), renderRevision(alone, revisionOf(alone)));
});

test.run();
