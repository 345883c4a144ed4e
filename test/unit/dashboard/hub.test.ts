import * as assert from 'uvu/assert';
import type { Environment } from '../../../operator/api/resolved.ts';
import { type Changes, Hub } from '../../../operator/dashboard/hub.ts';
import { suite } from '../../harness/suite.ts';

const test = suite("the dashboard's hub");

function environment(name: string, summary: string): Environment {
  return {
    apiVersion: 'cryptosense.io/v1alpha1',
    kind: 'CryptoSenseEnvironment',
    metadata: { name, namespace: 'market', uid: name, resourceVersion: '1', generation: 1 },
    spec: { tier: 'local', release: { image: 'api:1' } },
    status: { summary },
  };
}

/** A hub over environments that the test changes, which counts how often all of them were asked for. */
function hubOf(count: number) {
  const all = new Map<string, Environment>(
    Array.from({ length: count }, (_, i) => [`market/e${i}`, environment(`e${i}`, 'serves')]),
  );
  const asked = { lists: 0 };
  const hub = new Hub({
    environments: () => {
      asked.lists += 1;
      return [...all.values()];
    },
    environment: (namespace, name) => all.get(`${namespace}/${name}`),
  });
  return { hub, all, asked };
}

function heard(hub: Hub): { changes: Changes[]; next: () => Promise<Changes>; stop: () => void } {
  const changes: Changes[] = [];
  let resolve: ((change: Changes) => void) | undefined;
  const stop = hub.listen((change) => {
    changes.push(change);
    resolve?.(change);
  });
  const next = () =>
    new Promise<Changes>((done) => {
      resolve = done;
    });
  return { changes, next, stop };
}

test('while nobody looks, no list is made and nothing is kept', () => {
  const { hub, asked } = hubOf(1_000);
  for (let i = 0; i < 1_000; i++) hub.changed(`market/e${i}`);
  assert.is(asked.lists, 0);
  assert.equal(hub.rows(), []);
});

test('of 200 environments only those that say something new are told, together', async () => {
  const { hub, all } = hubOf(200);
  const { next, stop, changes } = heard(hub);
  assert.is(hub.rows().length, 200);
  for (let i = 0; i < 200; i++) hub.changed(`market/e${i}`);
  all.set('market/e7', environment('e7', 'releases'));
  all.delete('market/e9');
  hub.changed('market/e7');
  const { rows, touched } = await next();
  assert.equal([...rows].sort(), ['market/e7', 'market/e9']);
  assert.is(touched.size, 200);
  assert.is(changes.length, 1);
  assert.is(hub.row('market/e7')?.summary, 'releases');
  assert.is(hub.row('market/e9'), undefined);
  stop();
});

test('when the last one stops to look, nothing is kept any more', () => {
  const { hub } = hubOf(10);
  const [first, second] = [heard(hub), heard(hub)];
  first.stop();
  assert.is(hub.rows().length, 10);
  second.stop();
  assert.equal(hub.rows(), []);
});

test.run();
