import { isDeepStrictEqual } from 'node:util';
import { KubeConfig } from '@kubernetes/client-node';
import * as assert from 'uvu/assert';
import { create, mergePatch, remove, serverSideApply } from '../../../operator/kube/apply.ts';
import { Backoff } from '../../../operator/kube/backoff.ts';
import { silentLog } from '../../../operator/kube/log.ts';
import { Reflector } from '../../../operator/kube/reflector.ts';
import { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { type ApiServer, startApiServer } from '../apiserver.ts';
import { eventually } from '../processes.ts';
import { CuttableProxy } from './cuttable-proxy.ts';
import { CONFIG_MAPS, CRDS, configMap, onServer, stir, versions } from './things.ts';

const test = suite('reflector and a real API server');
let server: ApiServer;
let direct: KubeClient;

test.before(async () => {
  server = await startApiServer();
  direct = server.client();
});
test.after(async () => {
  await direct?.close();
  await server?.stop();
});

/** A reflector of config maps behind a proxy that the test can cut. */
async function following(
  body: (reflector: Reflector, proxy: CuttableProxy, heard: string[]) => Promise<void>,
  { quietMs = 90_000, of = server }: { quietMs?: number; of?: ApiServer } = {},
): Promise<void> {
  const proxy = await CuttableProxy.before(of.url);
  const config = new KubeConfig();
  config.loadFromString(of.configFor('admin').exportConfig());
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error('no cluster');
  config.clusters = [{ ...cluster, server: proxy.url }];
  const client = KubeClient.fromKubeConfig(config);
  const heard: string[] = [];
  const reflector = new Reflector({
    client,
    resource: CONFIG_MAPS,
    log: silentLog,
    quietMs,
    backoff: new Backoff({ firstMs: 20, lastMs: 500 }),
    onChange: (event, { metadata }) => heard.push(`${event} ${metadata.name}@${metadata.resourceVersion}`),
  });
  const stop = new AbortController();
  const running = reflector.start(stop.signal);
  try {
    await reflector.synced;
    await body(reflector, proxy, heard);
  } finally {
    stop.abort();
    await running;
    await client.close();
    await eventually('no connection is left', () => proxy.open === 0);
    await proxy.stop();
  }
}

const equal = (reflector: Reflector) =>
  eventually('the store equals the server', async () =>
    isDeepStrictEqual(versions(reflector.store.list()), await onServer(direct)),
  );

async function fill(client: KubeClient): Promise<string[]> {
  const names = Array.from({ length: 1_100 }, (_, i) => `page-${i}`);
  for (let i = 0; i < names.length; i += 50) {
    await Promise.all(names.slice(i, i + 50).map((name) => create(client, CONFIG_MAPS, configMap(name))));
  }
  return names;
}

test('a server that lists through no watch is listed in pages', async () => {
  const older = await startApiServer({ flags: ['--feature-gates=WatchList=false'] });
  const client = older.client();
  try {
    await fill(client);
    await following(
      async (reflector) => {
        assert.ok(reflector.store.size >= 1_100);
        assert.is(reflector.counts.lists, 2, 'asked once through the watch, then in pages');
        await create(client, CONFIG_MAPS, configMap('later'));
        await eventually('a change follows', () => reflector.store.get('default', 'later') !== undefined);
      },
      { of: older },
    );
  } finally {
    await client.close();
    await older.stop();
  }
});

test('all that is there comes through the watch, in one request', async () => {
  const names = await fill(direct);
  await following(async (reflector) => {
    assert.ok(reflector.store.size >= 1_100);
    assert.equal(reflector.counts, { lists: 1, watches: 1 });
    await equal(reflector);
  });
  for (let i = 0; i < names.length; i += 50) {
    await Promise.all(names.slice(i, i + 50).map((name) => remove(direct, CONFIG_MAPS, 'default', name)));
  }
});

test('after twenty cuts under load the store equals the server, with a single list', () =>
  following(async (reflector, proxy) => {
    for (let i = 0; i < 20; i++) {
      await stir(direct, 10);
      proxy.cut();
    }
    await equal(reflector);
    assert.is(reflector.counts.lists, 1);
    assert.ok(reflector.counts.watches > 5, `${reflector.counts.watches} watches`);
  }));

test('a connection that went silent is noticed and resumed', () =>
  following(
    async (reflector, proxy) => {
      await stir(direct, 5);
      await equal(reflector);
      proxy.silence();
      await stir(direct, 20);
      await equal(reflector);
      assert.is(reflector.counts.lists, 1);
    },
    { quietMs: 1_000 },
  ));

test('after a restart of the API server and a compaction it lists again and equals the server', () =>
  following(async (reflector) => {
    await stir(direct, 30);
    await equal(reflector);
    await server.kill();
    await server.compact();
    await server.restart();
    await stir(direct, 30);
    await equal(reflector);
  }));

test('what we wrote is in the store at once, stays, and is announced once', () =>
  following(async (reflector, _, heard) => {
    const manifest = configMap('own', { round: '0' });
    for (let round = 0; round < 20; round++) {
      const written = await serverSideApply(
        direct,
        CONFIG_MAPS,
        { ...manifest, data: { round: String(round) } },
        { fieldManager: 'test' },
      );
      reflector.store.observeWrite(written);
      // Not a moment of the past, and frozen as everything in the store.
      const stored = reflector.store.get('default', 'own');
      assert.equal(stored?.data, { round: String(round) });
    }
    const own = reflector.store.get('default', 'own');
    if (own === undefined) throw new Error('It is not in the store.');
    const last = `own@${own.metadata.resourceVersion}`;
    await eventually('the last version is announced', () => heard.some((line) => line.endsWith(last)));
    assert.is(await remove(direct, CONFIG_MAPS, 'default', 'own', { uid: own.metadata.uid }), undefined);
    reflector.store.observeRemoval(own);
    assert.is(reflector.store.get('default', 'own'), undefined);
    await eventually('the deletion is announced', () => heard.some((line) => line.startsWith('deleted own')));
    assert.is(reflector.store.get('default', 'own'), undefined);
    const announced = heard.filter((line) => line.includes('own@'));
    assert.is(new Set(announced).size, announced.length, 'nothing is announced twice');
    assert.is(announced.filter((line) => line.startsWith('added')).length, 1);
  }));

test('a custom resource that is installed later is found, and one that is removed empties the store', async () => {
  const widgets = { group: 'test.io', version: 'v1', plural: 'widgets', namespaced: true, kind: 'Widget' };
  const backoff = new Backoff({ firstMs: 20, lastMs: 200 });
  const reflector = new Reflector({ client: direct, resource: widgets, log: silentLog, backoff });
  const stop = new AbortController();
  const running = reflector.start(stop.signal);
  try {
    await reflector.synced;
    assert.not(reflector.available);
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    await create(direct, CRDS, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'widgets.test.io' },
      spec: {
        group: 'test.io',
        scope: 'Namespaced',
        names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    });
    await eventually('the type is there', () => reflector.available);
    const widget = {
      apiVersion: 'test.io/v1',
      kind: 'Widget',
      metadata: { name: 'w', namespace: 'default' },
    };
    await create(direct, widgets, widget);
    await eventually('the widget is there', () => reflector.store.size === 1);
    const name = 'widgets.test.io';
    await mergePatch(direct, CRDS, undefined, name, { metadata: { finalizers: [] } });
    await remove(direct, CRDS, undefined, name);
    await eventually('the type is gone', () => reflector.store.size === 0, 60_000);
  } finally {
    stop.abort();
    await running;
  }
});

test.run();
