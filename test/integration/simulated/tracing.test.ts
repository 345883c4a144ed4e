import * as assert from 'uvu/assert';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { create, remove } from '../../../operator/kube/apply.ts';
import { answered } from '../../../operator/kube/errors.ts';
import { type KubeObject, pathOf } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { type SimulatedCluster, startSimulatedCluster } from '../../simulated/cluster.ts';
import type { OperatorProcess } from '../../simulated/metered.ts';
import { bundleOperator, startOperator } from '../../simulated/operator.ts';
import { Collector, type Span } from '../collector.ts';
import { eventually } from '../processes.ts';

const test = suite("The traces of the operator's process");
const ROOT = 'reconcile cryptosenseenvironment';
const collector = new Collector();
let cluster: SimulatedCluster;
let client: KubeClient;
let operator: OperatorProcess;

test.before(async () => {
  const program = await bundleOperator();
  const endpoint = await collector.start();
  cluster = await startSimulatedCluster();
  client = cluster.client();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `${endpoint}/` };
  operator = await startOperator({ kubeconfig: cluster.kubeconfig, program, env });
});
test.after(async () => {
  await operator?.stop();
  await client?.close();
  await cluster?.stop();
  collector.stop();
});

const get = (resource: (typeof RESOURCES)[keyof typeof RESOURCES], name: string) =>
  client.request<KubeObject>({ method: 'GET', path: pathOf(resource, 'default', name) });

function conditionOf(object: KubeObject | undefined, type: string) {
  const { conditions = [] } = (object?.status ?? {}) as {
    conditions?: { type: string; status: string; reason: string }[];
  };
  return conditions.find((condition) => condition.type === type);
}

function childrenOf(root: Span | undefined): Span[] {
  return collector.spans.filter(({ parentSpanId }) => parentSpanId === root?.spanId);
}

test('the way of an environment from nothing to Ready and to nothing again is in its traces', async () => {
  await create(client, RESOURCES.environments, {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: 'shop', namespace: 'default' },
    spec: { tier: 'local', release: { image: 'cryptosense-api:1.0.0' } },
  });
  let shop: KubeObject | undefined;
  await eventually(
    'the environment is ready and at rest',
    async () => {
      shop = await get(RESOURCES.environments, 'shop');
      return (
        conditionOf(shop, 'Ready')?.status === 'True' && conditionOf(shop, 'Reconciling')?.status === 'False'
      );
    },
    60_000,
  );
  const atRest = conditionOf(shop, 'Ready')?.reason;
  const credentials = await get(RESOURCES.secrets, 'shop-credentials');
  await remove(client, RESOURCES.environments, 'default', 'shop');
  await eventually(
    'the environment is gone',
    () =>
      get(RESOURCES.environments, 'shop').then(
        () => false,
        (error) => answered(error, 404),
      ),
    60_000,
  );
  // The last of them are sent at the end.
  await operator.stop();

  const roots = collector.named(ROOT);
  assert.ok(roots.every(({ facts }) => facts['reconcile.key'] === 'default/shop'));
  const reasons = new Set(roots.map(({ facts }) => facts['reconcile.reason']));
  for (const reason of ['Progressing', atRest, 'Deleting'])
    assert.ok(reasons.has(reason ?? ''), `${reason} is not among ${[...reasons]}`);
  for (const root of roots.filter(({ facts }) => facts['reconcile.reason'] !== 'Gone')) {
    assert.ok(['success', 'requeue_after', 'error'].includes(String(root.facts['reconcile.result'])));
    assert.ok(Number(root.facts['reconcile.queue_ms']) >= 0);
    const names = childrenOf(root).map(({ name }) => name);
    for (const step of ['observe', 'plan']) assert.ok(names.includes(step), names.join());
    // Nothing waits for an Event: it may be written after the rest.
    for (const child of childrenOf(root).filter(({ name }) => name !== 'create events.events.k8s.io'))
      assert.ok(child.startMs >= root.startMs - 1 && child.endMs <= root.endMs + 1, child.name);
  }
  const [database] = collector
    .named('create statefulsets.apps')
    .filter(({ facts }) => facts['k8s.object.name'] === 'shop-database');
  assert.is(database?.facts['k8s.namespace.name'], 'default');
  assert.is(database?.facts['http.response.status_code'], 201);
  assert.ok(roots.some(({ spanId }) => spanId === database?.parentSpanId));
  // Every object that was written, its status, and what was deleted.
  for (const name of [
    'create secrets',
    'apply deployments.apps',
    'create services',
    'apply httproutes.gateway.networking.k8s.io',
    'create controllerrevisions.apps',
    'apply cryptosenseenvironments.cryptosense.io/status',
    'delete statefulsets.apps',
  ])
    assert.ok(collector.named(name).length > 0, `${name} is not among ${names()}`);
  for (const secret of Object.values(credentials.data as Record<string, string>)) {
    const text = Buffer.from(secret, 'base64').toString();
    assert.not.ok(collector.bodies.some((body) => body.includes(text)));
  }
});

const names = () => [...new Set(collector.spans.map(({ name }) => name))].join(', ');

test('the lines of its log about a write have the ids of the trace', () => {
  const lines = operator
    .log()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { message: string; trace_id?: string });
  const writes = lines.filter(({ message }) => message === 'write');
  assert.ok(writes.length > 20);
  const traces = new Set(collector.named(ROOT).map(({ traceId }) => traceId));
  assert.ok(writes.every(({ trace_id }) => trace_id !== undefined && traces.has(trace_id)));
  assert.ok(lines.filter(({ message }) => message === 'stopped').every(({ trace_id }) => !trace_id));
});

test.run();
