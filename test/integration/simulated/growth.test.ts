import { equal, is, match, not } from 'uvu/assert';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { create, mergePatch } from '../../../operator/kube/apply.ts';
import { type KubeObject, pathOf, type Resource } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { startSimulatedCluster } from '../../simulated/cluster.ts';
import { bundleOperator, startOperator } from '../../simulated/operator.ts';
import { eventually } from '../processes.ts';

const test = suite('Growing volumes on a real control plane');

const CLASSES: Resource = {
  group: 'storage.k8s.io',
  version: 'v1',
  plural: 'storageclasses',
  kind: 'StorageClass',
  namespaced: false,
};

function storageClass(name: string, allowVolumeExpansion: boolean) {
  const metadata = { name };
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata,
    provisioner: 'example.com/none',
    allowVolumeExpansion,
  };
}

async function get(client: KubeClient, resource: Resource, name: string): Promise<KubeObject | undefined> {
  const path = pathOf(resource, 'default', name);
  return client.request<KubeObject>({ method: 'GET', path }).catch(() => undefined);
}

async function message(client: KubeClient, type: string): Promise<string> {
  const status = (await get(client, RESOURCES.environments, 'shop'))?.status;
  const { conditions = [] } = (status ?? {}) as {
    conditions?: { type: string; message: string; status: string }[];
  };
  const found = conditions.find((condition) => condition.type === type);
  return `${found?.status} ${found?.message}`;
}

test('a claim grows, its StatefulSet is made again, and the pod is the same; a class without growth is said', async () => {
  const program = await bundleOperator();
  const cluster = await startSimulatedCluster();
  const client = cluster.client();
  const operator = await startOperator({ kubeconfig: cluster.kubeconfig, program });
  try {
    for (const each of [storageClass('elastic', true), storageClass('rigid', false)])
      await create(client, CLASSES, each);
    const spec = {
      tier: 'local',
      release: { image: 'cryptosense-api:1.0.0' },
      database: { storage: '1Gi', storageClassName: 'elastic' },
      cache: { storage: '1Gi', storageClassName: 'rigid' },
    };
    const metadata = { name: 'shop', namespace: 'default' };
    await create(client, RESOURCES.environments, { apiVersion: API_VERSION, kind: KIND, metadata, spec });
    await eventually(
      'the environment is ready',
      async () => /^True/.test(await message(client, 'Ready')),
      60_000,
    );
    const pod = await get(client, RESOURCES.pods, 'shop-database-0');
    const before = await get(client, RESOURCES.statefulSets, 'shop-database');

    const larger = { spec: { database: { storage: '2Gi' }, cache: { storage: '2Gi' } } };
    await mergePatch(client, RESOURCES.environments, 'default', 'shop', larger);
    await eventually(
      'the StatefulSet is made again',
      async () => {
        const set = await get(client, RESOURCES.statefulSets, 'shop-database');
        return set !== undefined && set.metadata.uid !== before?.metadata.uid;
      },
      30_000,
    );
    const set = await get(client, RESOURCES.statefulSets, 'shop-database');
    match(JSON.stringify(set?.spec), /"storage":"2Gi"/);
    await eventually(
      'the new StatefulSet has adopted the pod',
      async () => {
        const { metadata: now } = (await get(client, RESOURCES.pods, 'shop-database-0')) ?? {};
        const [owner] = (now as { ownerReferences?: { uid: string }[] } | undefined)?.ownerReferences ?? [];
        return owner?.uid === set?.metadata.uid;
      },
      30_000,
    );
    is((await get(client, RESOURCES.pods, 'shop-database-0'))?.metadata.uid, pod?.metadata.uid);

    const claim = await get(client, RESOURCES.claims, 'data-shop-database-0');
    equal((claim?.spec as { resources: object } | undefined)?.resources, { requests: { storage: '2Gi' } });
    // No driver is here: the test reports first the old size, then the new one, as a driver does.
    const report = (storage: string) =>
      mergePatch(
        client,
        RESOURCES.claims,
        'default',
        'data-shop-database-0',
        { status: { capacity: { storage } } },
        { subresource: 'status' },
      );
    await report('1Gi');
    const grows = /^True .*data-shop-database-0 grows from 1Gi to 2Gi/;
    await eventually('it is said', async () => grows.test(await message(client, 'DatabaseReady')), 20_000);
    await report('2Gi');
    await eventually('it is over', async () => !grows.test(await message(client, 'DatabaseReady')), 20_000);

    match(
      await message(client, 'CacheReady'),
      /^True .*data-shop-cache-0 stays at 1Gi, although 2Gi is asked for: StorageClass rigid does not let volumes grow/,
    );
    not.match(await message(client, 'Stalled'), /^True/);
  } catch (error) {
    throw new Error(`${error}\n${operator.log().slice(-6000)}`, { cause: error });
  } finally {
    await operator.stop();
    await client.close();
    await cluster.stop();
  }
});

test.run();
