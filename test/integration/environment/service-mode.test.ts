import * as assert from 'uvu/assert';
import { type Environment, LABELS } from '../../../operator/api/resolved.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { RESOURCES, resourceOf } from '../../../operator/environment/resources.ts';
import { readyAddresses } from '../../../operator/environment/service-route.ts';
import type { Live } from '../../../operator/environment/snapshot.ts';
import { create, mergePatch } from '../../../operator/kube/apply.ts';
import { pathOf } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { type SimulatedCluster, startSimulatedCluster } from '../../simulated/cluster.ts';
import { eventually } from '../processes.ts';
import { type Life, OperatorInProcess } from './process.ts';

const test = suite('a Service in place of the gateway, with real endpoints');

let cluster: SimulatedCluster;
let client: KubeClient;
let operator: OperatorInProcess;
const life: Life = {
  namespace: 'default',
  death: 'answered',
  writes: [],
  deadly: new Set(),
  deaths: [],
  owner: 0,
};
const { fetch } = globalThis;

test.before(async () => {
  cluster = await startSimulatedCluster();
  client = cluster.client();
  // Nothing listens at the addresses of simulated pods.
  globalThis.fetch = async () =>
    new Response('http_requests_total{route="/api/prices/:symbol",status="200"} 1000\n');
  operator = new OperatorInProcess(
    cluster,
    () => life,
    () => {},
  );
  await operator.start();
});
test.after(async () => {
  globalThis.fetch = fetch;
  await operator?.stop();
  await client?.close();
  await cluster?.stop();
});

const get = async (kind: string, name: string) =>
  (await client.request({ method: 'GET', path: pathOf(resourceOf(kind), 'default', name) })) as Live;
const environment = async () =>
  (await client.request({
    method: 'GET',
    path: pathOf(RESOURCES.environments, 'default', 'shop'),
  })) as Environment;
const selector = async () =>
  ((await get('Service', 'shop-api')).spec as { selector: Record<string, string> }).selector;
/** How many ready pods the endpoints of a Service name, as the controllers of Kubernetes see it. */
async function endpoints(service: string): Promise<string[]> {
  const { items } = (await client.request({
    method: 'GET',
    path: pathOf(RESOURCES.endpointSlices, 'default'),
  })) as { items: Live[] };
  return readyAddresses(items, service).sort();
}
const stable = async () => (await environment()).status?.stable;

test('a canary adds its pods to the endpoints, an abort takes them out again, and the rest of the selector is ours alone', async () => {
  const spec = {
    tier: 'local',
    replicas: 2,
    release: { image: 'api:1' },
    routing: { mode: 'service' },
    rollout: { canary: { steps: [{ weight: 10 }, { pause: 'untilPromoted' }, { weight: 100 }] } },
  } as const;
  const metadata = { name: 'shop', namespace: 'default' };
  await create(client, RESOURCES.environments, { apiVersion: API_VERSION, kind: KIND, metadata, spec });
  await eventually('api:1 serves', async () => (await endpoints('shop-api').catch(() => [])).length === 2);
  await eventually('it is stable', async () => (await stable()) !== undefined);
  assert.is((await selector())[LABELS.revision], (await stable())?.revision);

  await mergePatch(client, RESOURCES.environments, 'default', 'shop', {
    spec: { release: { image: 'api:2' } },
  });
  await eventually('both share', async () => ((await environment()).status?.candidate?.weight ?? 0) > 0);
  const { candidate } = (await environment()).status ?? {};
  assert.is(candidate?.weight, 33);
  const common = { [LABELS.environment]: 'shop', [LABELS.component]: 'api' };
  assert.equal(await selector(), common);
  const both = [
    ...(await endpoints(`shop-api-${(await stable())?.revision}`)),
    ...(await endpoints(`shop-api-${candidate?.revision}`)),
  ].sort();
  assert.is(both.length, 3);
  assert.equal(await endpoints('shop-api'), both);

  // Somebody pins it by hand: what the operator did not write goes.
  const pinned = { spec: { selector: { [LABELS.revision]: candidate?.revision } } };
  await mergePatch(client, RESOURCES.services, 'default', 'shop-api', pinned);
  await eventually('the selector is mended', async () => (await selector())[LABELS.revision] === undefined);

  await mergePatch(client, RESOURCES.environments, 'default', 'shop', {
    metadata: {
      annotations: { 'cryptosense.io/abort': `${candidate?.number}-${candidate?.revision}` },
    },
  });
  await eventually('the stable release has everything', async () => {
    const revision = (await stable())?.revision ?? '';
    const own = await endpoints(`shop-api-${revision}`);
    const all = await endpoints('shop-api');
    return (await selector())[LABELS.revision] === revision && own.length === 2 && all.join() === own.join();
  });
});

test.run();
