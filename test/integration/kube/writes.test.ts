import * as assert from 'uvu/assert';
import { applyStatus, mergePatch, remove, scale, serverSideApply } from '../../../operator/kube/apply.ts';
import { KubeError } from '../../../operator/kube/errors.ts';
import { EVENTS, EventRecorder } from '../../../operator/kube/events.ts';
import { listAll } from '../../../operator/kube/list-watch.ts';
import type { KubeObject } from '../../../operator/kube/resources.ts';
import { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { type ApiServer, startApiServer } from '../apiserver.ts';
import { CONFIG_MAPS, configMap } from './things.ts';

const test = suite('writes to a real API server');
const DEPLOYMENTS = {
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  namespaced: true,
  kind: 'Deployment',
};
const ours = { fieldManager: 'ours' };
let server: ApiServer;
let client: KubeClient;

test.before(async () => {
  server = await startApiServer({ users: ['nobody'] });
  client = server.client();
});
test.after(async () => {
  await client?.close();
  await server?.stop();
});

async function failure(promise: Promise<unknown>): Promise<KubeError> {
  try {
    await promise;
  } catch (error) {
    assert.instance(error, KubeError);
    return error as KubeError;
  }
  throw new Error('It succeeded.');
}

test('applying the same manifest again writes nothing', async () => {
  const manifest = configMap('same', { a: '1' });
  const first = await serverSideApply(client, CONFIG_MAPS, manifest, ours);
  const second = await serverSideApply(client, CONFIG_MAPS, manifest, ours);
  assert.is(first.metadata.resourceVersion, second.metadata.resourceVersion);
});

test("a field that is left out goes, another manager's field stays, a drifted field is taken back", async () => {
  await serverSideApply(client, CONFIG_MAPS, configMap('fields', { a: '1', b: '2' }), ours);
  await serverSideApply(client, CONFIG_MAPS, configMap('fields', { c: '3' }), { fieldManager: 'theirs' });
  await mergePatch(client, CONFIG_MAPS, 'default', 'fields', { data: { a: 'drift' } });
  const conflict = await failure(
    serverSideApply(client, CONFIG_MAPS, configMap('fields', { a: '1' }), { ...ours, force: false }),
  );
  assert.is(conflict.code, 409);
  const mended = await serverSideApply(client, CONFIG_MAPS, configMap('fields', { a: '1' }), ours);
  assert.equal(mended.data, { a: '1', c: '3' });
});

test('a scale returns the object as the server has it, is refused with 409 for another version, and an apply goes on from it', async () => {
  const labels = { app: 'scaled' };
  const containers = [{ name: 'main', image: 'pause:3' }];
  const deployment = (replicas: number) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'scaled', namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
    },
  });
  const path = '/apis/apps/v1/namespaces/default/deployments/scaled';
  const withoutFields = ({ metadata, ...object }: KubeObject) => ({
    ...object,
    metadata: { ...metadata, managedFields: [] },
  });
  const first = await serverSideApply(client, DEPLOYMENTS, deployment(1), ours);
  const scaled = await scale(client, DEPLOYMENTS, first, 3, ours);
  const there = await client.request<KubeObject>({ method: 'GET', path });
  assert.equal(withoutFields(scaled), withoutFields(there));
  assert.is((there.spec as { replicas: number }).replicas, 3);
  assert.is((await failure(scale(client, DEPLOYMENTS, first, 4, ours))).code, 409);
  const other = { ...scaled, metadata: { ...scaled.metadata, uid: '00000000-0000-0000-0000-000000000000' } };
  assert.is((await failure(scale(client, DEPLOYMENTS, other, 4, ours))).code, 409);
  const applied = await serverSideApply(client, DEPLOYMENTS, deployment(2), ours);
  assert.is((applied.spec as { replicas: number }).replicas, 2);
});

test('a write that carries an old version or another uid is refused with 409', async () => {
  const first = await serverSideApply(client, CONFIG_MAPS, configMap('guarded', { a: '1' }), ours);
  const { uid, resourceVersion } = first.metadata;
  await serverSideApply(client, CONFIG_MAPS, configMap('guarded', { a: '2' }), {
    ...ours,
    uid,
    resourceVersion,
  });
  const late = serverSideApply(client, CONFIG_MAPS, configMap('guarded', { a: '3' }), {
    ...ours,
    resourceVersion,
  });
  assert.is((await failure(late)).code, 409);
  const other = { ...ours, uid: '00000000-0000-0000-0000-000000000000' };
  const stranger = serverSideApply(client, CONFIG_MAPS, configMap('guarded', { a: '4' }), other);
  assert.is((await failure(stranger)).code, 409);
  assert.is(
    (await failure(remove(client, CONFIG_MAPS, 'default', 'guarded', { resourceVersion }))).code,
    409,
  );
  assert.is(await remove(client, CONFIG_MAPS, 'default', 'guarded', { uid }), undefined);
  assert.is(await remove(client, CONFIG_MAPS, 'default', 'guarded'), undefined, 'not there is fine');
  const gone = serverSideApply(client, CONFIG_MAPS, configMap('guarded', { a: '5' }), { ...ours, uid });
  assert.is((await failure(gone)).code, 409, 'a guarded write does not create');
});

test('an object with a finalizer is returned by remove, marked, and goes with its finalizer', async () => {
  const manifest = configMap('kept');
  const metadata = { ...manifest.metadata, finalizers: ['test.io/keep'] };
  await serverSideApply(client, CONFIG_MAPS, { ...manifest, metadata }, ours);
  const marked = await remove(client, CONFIG_MAPS, 'default', 'kept');
  assert.type(marked?.metadata.deletionTimestamp, 'string');
  await mergePatch(client, CONFIG_MAPS, 'default', 'kept', { metadata: { finalizers: null } });
  const gone = client.request({ method: 'GET', path: '/api/v1/namespaces/default/configmaps/kept' });
  assert.is((await failure(gone)).code, 404);
});

test('applyStatus writes the status and leaves the spec alone', async () => {
  const labels = { app: 'x' };
  const manifest = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', namespace: 'default' },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'c' }] } },
    },
  };
  const before = await serverSideApply(client, DEPLOYMENTS, manifest, ours);
  const { spec: _, ...bare } = manifest;
  const after = await applyStatus(client, DEPLOYMENTS, { ...bare, status: { observedGeneration: 1 } }, ours);
  assert.is((after.status as { observedGeneration: number }).observedGeneration, 1);
  assert.is(after.metadata.generation, before.metadata.generation);
});

test('a user without rights gets a sentence that names what he may not do', async () => {
  const nobody = KubeClient.fromKubeConfig(server.configFor('nobody'));
  const error = await failure(serverSideApply(nobody, CONFIG_MAPS, configMap('no'), ours));
  assert.is(error.code, 403);
  assert.match(error.message, 'User "nobody" cannot patch resource "configmaps"');
  await nobody.close();
});

test('an event that is said again becomes a series, and one that differs an event of its own', async () => {
  const regarding = await serverSideApply(client, CONFIG_MAPS, configMap('eventful'), ours);
  const recorder = new EventRecorder({ client, controller: 'test.io/recorder', instance: 'one' });
  const said = { regarding, type: 'Warning', reason: 'Odd', note: 'it is odd', action: 'Look' } as const;
  recorder.event(said);
  await recorder.flush();
  for (let i = 0; i < 4; i++) recorder.event(said);
  recorder.event({ ...said, note: 'it is odder' });
  await recorder.flush();
  const { items } = await listAll<
    KubeObject & { note: string; series?: { count: number }; eventTime: string }
  >(client, { resource: EVENTS, namespace: 'default' });
  const odd = items.filter((event) => event.reason === 'Odd');
  assert.equal(odd.map(({ note, series }) => [note, series?.count]).sort(), [
    ['it is odd', 5],
    ['it is odder', undefined],
  ]);
  assert.match(odd[0]?.eventTime ?? '', /\.\d{6}Z$/);
});

test('an event never throws, whatever is wrong with it or with the server', async () => {
  const nobody = KubeClient.fromKubeConfig(server.configFor('nobody'));
  const recorder = new EventRecorder({ client: nobody, controller: 'test.io/recorder', instance: 'two' });
  const regarding = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'nowhere' } };
  recorder.event({ regarding, type: 'Normal', reason: 'R', note: 'n'.repeat(5_000), action: 'A' });
  await recorder.flush();
  await nobody.close();
});

test('an object that is talked about without end gets 25 events', async () => {
  const regarding = await serverSideApply(client, CONFIG_MAPS, configMap('noisy'), ours);
  const recorder = new EventRecorder({ client, controller: 'test.io/recorder', instance: 'three' });
  for (let i = 0; i < 200; i++) {
    recorder.event({ regarding, type: 'Normal', reason: 'Noise', note: `number ${i}`, action: 'Shout' });
  }
  await recorder.flush();
  const { items } = await listAll(client, { resource: EVENTS, namespace: 'default' });
  assert.is(items.filter((event) => event.reason === 'Noise').length, 25);
});

test.run();
