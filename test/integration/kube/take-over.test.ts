import * as assert from 'uvu/assert';
import { renderComponents } from '../../../charts/render.ts';
import { type Manifest, resolveEnvironment } from '../../../operator/api/resolved.ts';
import { resourceOf } from '../../../operator/environment/resources.ts';
import { serverSideApply } from '../../../operator/kube/apply.ts';
import { answered } from '../../../operator/kube/errors.ts';
import { type KubeObject, pathOf } from '../../../operator/kube/resources.ts';
import { Store } from '../../../operator/kube/store.ts';
import { createToApply, isAsMade, takeOver } from '../../../operator/kube/take-over.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { type ApiServer, startApiServer } from '../apiserver.ts';

const test = suite('What was created is taken over by the first apply on a real API server');

const by = { fieldManager: 'ours' };

let server: ApiServer;
let client: KubeClient;

test.before(async () => {
  server = await startApiServer();
  client = server.client();
});
test.after(async () => {
  await client?.close();
  await server?.stop();
});

/** Kinds that this server has without any CRD. */
const manifests = () => {
  const environment = resolveEnvironment({
    metadata: { name: 'shop', namespace: 'default' },
    spec: { tier: 'local', release: { image: 'api:1' } },
  });
  const all = Object.values(renderComponents(environment)).flat() as Manifest[];
  return all
    .filter(({ apiVersion }) => /^v1$|^apps|k8s\.io\/v1$|^policy|^autoscaling/.test(apiVersion))
    .filter(({ apiVersion }) => !apiVersion.startsWith('gateway.'));
};

const get = (manifest: Manifest) => {
  const { namespace, name } = manifest.metadata;
  return client.request<KubeObject>({
    method: 'GET',
    path: pathOf(resourceOf(manifest.kind), namespace, name),
  });
};

const managersOf = (object: KubeObject) =>
  (object.metadata as { managedFields?: { manager: string; operation: string }[] }).managedFields?.map(
    ({ manager, operation }) => `${manager} ${operation}`,
  );

const conflictOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (answered(error, 409) ? 'conflict' : String(error)),
  );

test('an apply after it removes what it leaves out, of every kind, and the fields have one owner', async () => {
  const kinds = new Set<string>();
  for (const manifest of manifests()) {
    kinds.add(manifest.kind);
    const what = `${manifest.kind} ${manifest.metadata.name}`;
    const resource = resourceOf(manifest.kind);
    const { annotations = {} } = manifest.metadata;
    const former = {
      ...manifest,
      metadata: { ...manifest.metadata, annotations: { ...annotations, former: 'yes' } },
    };
    const made = await createToApply(client, resource, former, by);
    assert.equal(managersOf(made), ['ours-create Update'], what);
    assert.is(await conflictOf(createToApply(client, resource, former, by)), 'conflict', what);

    const taken = await takeOver(client, resource, made, by);
    assert.equal(managersOf(taken), ['ours Apply'], what);
    const {
      managedFields: _,
      resourceVersion: __,
      ...metadata
    } = taken.metadata as object as Record<string, unknown>;
    const {
      managedFields: ___,
      resourceVersion: ____,
      ...before
    } = made.metadata as object as Record<string, unknown>;
    assert.equal({ ...taken, metadata }, { ...made, metadata: before }, what);

    const applied = await serverSideApply(client, resource, manifest, { ...by, force: true });
    assert.is(applied.metadata.annotations?.former, undefined, what);
    assert.equal(managersOf(applied), ['ours Apply'], what);
    const again = await serverSideApply(client, resource, manifest, { ...by, force: true });
    assert.is(again.metadata.resourceVersion, applied.metadata.resourceVersion, what);
    assert.is(await takeOver(client, resource, again, by), again, 'nothing is left to be taken');
  }
  assert.ok(kinds.size >= 8, [...kinds].join(' '));
});

test('without it an apply would leave what it does not name', async () => {
  const [manifest] = manifests().filter(({ kind }) => kind === 'ConfigMap');
  if (!manifest) throw new Error('No ConfigMap.');
  const mine = { ...manifest, metadata: { ...manifest.metadata, name: 'left' } };
  const resource = resourceOf('ConfigMap');
  await createToApply(client, resource, { ...mine, data: { kept: '1', dropped: '1' } }, by);
  const wanted = { ...mine, data: { kept: '2' } };
  const applied = (await serverSideApply(client, resource, wanted, { ...by, force: true })) as unknown as {
    data: object;
  };
  assert.equal(applied.data, { kept: '2', dropped: '1' });

  // Both entries are there now: their fields become one entry.
  const taken = await takeOver(client, resource, await get(mine), by);
  assert.equal(managersOf(taken), ['ours Apply']);
  const end = (await serverSideApply(client, resource, wanted, { ...by, force: true })) as unknown as {
    data: object;
  };
  assert.equal(end.data, { kept: '2' });
});

test('fields that somebody else has written since stay theirs, and a change in between is a conflict', async () => {
  const [manifest] = manifests().filter(({ kind }) => kind === 'ServiceAccount');
  if (!manifest) throw new Error('No ServiceAccount.');
  const mine = {
    ...manifest,
    metadata: { ...manifest.metadata, name: 'theirs', annotations: { a: '1', b: '1' } },
  };
  const resource = resourceOf('ServiceAccount');
  const made = await createToApply(client, resource, mine, by);
  const theirs = {
    ...manifest,
    metadata: { name: 'theirs', namespace: 'default', annotations: { a: '2', c: '1' } },
  };
  await serverSideApply(client, resource, theirs, { fieldManager: 'person', force: true });
  assert.is(await conflictOf(takeOver(client, resource, made, by)), 'conflict');
  await takeOver(client, resource, await get(mine), by);
  const { annotations: _, ...metadata } = mine.metadata;
  const applied = await serverSideApply(client, resource, { ...mine, metadata }, { ...by, force: true });
  assert.equal(applied.metadata.annotations, { a: '2', c: '1' });
});

test('a cache keeps who made an object until that is over, and no other manager', async () => {
  const [manifest] = manifests().filter(({ kind }) => kind === 'Service');
  if (!manifest) throw new Error('No Service.');
  const mine = { ...manifest, metadata: { ...manifest.metadata, name: 'cached' } };
  const resource = resourceOf('Service');
  const store = new Store();
  const made = await createToApply(client, resource, mine, by);
  const cached = store.own(made);
  assert.ok(isAsMade(cached, 'ours'));
  assert.is(isAsMade(cached, 'other'), false);
  assert.is(JSON.stringify(cached).includes('f:'), false, 'the fields themselves are dropped');
  const taken = store.own(await takeOver(client, resource, made, by));
  assert.is(isAsMade(taken, 'ours'), false);
  assert.is('managedFields' in taken.metadata, false);
});

test.run();
