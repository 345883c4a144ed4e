import * as assert from 'uvu/assert';
import { API_VERSION, KIND, RESTORE_KIND } from '../../../operator/api/well-known.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { create, mergePatch, remove } from '../../../operator/kube/apply.ts';
import { answered } from '../../../operator/kube/errors.ts';
import { LEASES, type Lease } from '../../../operator/kube/lease-record.ts';
import { type KubeObject, pathOf, type Resource } from '../../../operator/kube/resources.ts';
import { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { type SimulatedCluster, startSimulatedCluster } from '../../simulated/cluster.ts';
import { ensureNamespace, type Installation, install } from '../../simulated/installation.ts';
import type { OperatorProcess } from '../../simulated/metered.ts';
import { bundleOperator, startOperator } from '../../simulated/operator.ts';
import { eventually } from '../processes.ts';

const test = suite('The rights of the installation');
let program: string;
let cluster: SimulatedCluster;
let client: KubeClient;

test.before(async () => {
  program = await bundleOperator();
  cluster = await startSimulatedCluster();
  client = cluster.client();
});
test.after(async () => {
  await client?.close();
  await cluster?.stop();
});

/** Runs operators with exactly the rights and the variables of their installations. */
async function running(
  installations: Installation[],
  body: (operators: OperatorProcess[]) => Promise<void>,
): Promise<void> {
  const operators: OperatorProcess[] = [];
  try {
    for (const { kubeconfig, env } of installations)
      operators.push(await startOperator({ kubeconfig, program, env: { ...env, LOG_LEVEL: 'debug' } }));
    await body(operators);
  } catch (error) {
    throw new Error(`${error}\n${operators.map((operator) => operator.log()).join('\n\n')}`, {
      cause: error,
    });
  } finally {
    await Promise.all(operators.map((operator) => operator.stop()));
    for (const installation of installations) installation.remove();
  }
}

async function createEnvironment(namespace: string, name: string): Promise<void> {
  await create(client, RESOURCES.environments, {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name, namespace },
    spec: { tier: 'local', release: { image: 'cryptosense-api:1.0.0' } },
  });
}

async function read(resource: Resource, namespace: string, name: string): Promise<KubeObject | undefined> {
  try {
    return await client.request<KubeObject>({ method: 'GET', path: pathOf(resource, namespace, name) });
  } catch (error) {
    if (answered(error, 404)) return undefined;
    throw error;
  }
}

async function isReady(namespace: string, name: string): Promise<boolean> {
  const environment = await read(RESOURCES.environments, namespace, name);
  const { conditions = [] } = (environment?.status ?? {}) as {
    conditions?: { type: string; status: string }[];
  };
  return conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
}

/** How often the server refused a request of this operator for want of a right. */
async function refused({ metricsUrl }: OperatorProcess): Promise<string[]> {
  const text = await (await fetch(metricsUrl)).text();
  assert.match(text, /^rest_client_requests_total\{code="200"/m);
  return text.split('\n').filter((line) => line.startsWith('rest_client_requests_total{code="403"'));
}

test('the cluster-wide rights are enough to create, change and delete an environment', async () => {
  await ensureNamespace(client, 'anywhere');
  const installation = await install(cluster, client, {});
  await running([installation], async ([operator]) => {
    if (operator === undefined) throw new Error('no operator');
    await createEnvironment('anywhere', 'shop');
    await eventually('the environment is ready', () => isReady('anywhere', 'shop'), 90_000);
    await mergePatch(client, RESOURCES.environments, 'anywhere', 'shop', {
      spec: { release: { image: 'cryptosense-api:1.1.0' }, pooler: { replicas: 2 } },
    });
    await eventually('the change is carried out', async () => {
      const pooler = await read(RESOURCES.deployments, 'anywhere', 'shop-pooler');
      const path = pathOf(RESOURCES.deployments, 'anywhere');
      const { items } = await client.request<{ items: KubeObject[] }>({ method: 'GET', path });
      const releases = items.filter(({ metadata }) => metadata.name.startsWith('shop-api-'));
      const { replicas } = (pooler?.spec ?? {}) as { replicas?: number };
      return replicas === 2 && releases.length === 2;
    });
    await create(client, RESOURCES.restores, {
      apiVersion: API_VERSION,
      kind: RESTORE_KIND,
      metadata: { name: 'drill', namespace: 'anywhere' },
      spec: { environment: 'shop', mode: 'drill' },
    });
    await eventually('the restore is answered', async () => {
      const drill = await read(RESOURCES.restores, 'anywhere', 'drill');
      const { conditions = [] } = (drill?.status ?? {}) as {
        conditions?: { type: string; reason: string }[];
      };
      return conditions.some(({ type, reason }) => type === 'Stalled' && reason === 'NotPossible');
    });
    await remove(client, RESOURCES.environments, 'anywhere', 'shop');
    await eventually(
      'the environment and its stateful sets are gone',
      async () =>
        (await read(RESOURCES.environments, 'anywhere', 'shop')) === undefined &&
        (await read(RESOURCES.statefulSets, 'anywhere', 'shop-database')) === undefined,
      60_000,
    );
    assert.equal(await refused(operator), []);
  });
});

test('an operator of one namespace keeps its environments, is refused elsewhere, and does not meet the one next door', async () => {
  const teams = ['team-a', 'team-b'];
  const installations = await Promise.all(
    teams.map((onlyNamespace) => install(cluster, client, { onlyNamespace })),
  );
  await running(installations, async (operators) => {
    const [a, b] = operators;
    const [ofA] = installations;
    if (!a || !b || !ofA) throw new Error('two operators were asked for');
    for (const team of teams) await createEnvironment(team, 'shop');
    for (const team of teams) await eventually(`${team} is ready`, () => isReady(team, 'shop'), 90_000);
    const holders = await Promise.all(
      teams.map(
        async (team) => ((await read(LEASES, team, 'cryptosense-operator')) as Lease).spec?.holderIdentity,
      ),
    );
    assert.is(new Set(holders).size, 2, 'each leads in its own namespace');
    for (const operator of operators) assert.equal(await refused(operator), []);

    const outside = KubeClient.fromKubeConfig(ofA.config);
    const isRefused = (request: Promise<unknown>) =>
      request.then(
        () => 'allowed',
        (error: unknown) => (answered(error, 403) ? 'refused' : String(error)),
      );
    try {
      for (const namespace of ['team-b', 'default', undefined]) {
        const path = pathOf(RESOURCES.statefulSets, namespace);
        assert.is(await isRefused(outside.request({ method: 'GET', path })), 'refused', path);
      }
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x', namespace: 'team-b' } };
      assert.is(await isRefused(create(outside, RESOURCES.secrets, secret)), 'refused');
      assert.is(await isRefused(outside.request({ method: 'GET', path: '/api/v1/nodes' })), 'refused');
    } finally {
      await outside.close();
    }

    // Alone, the one of team-a still leaves team-b's alone, while it does its own work.
    await b.stop();
    await createEnvironment('team-b', 'late');
    await createEnvironment('team-a', 'later');
    await eventually('the later one is ready', () => isReady('team-a', 'later'), 90_000);
    const late = await read(RESOURCES.environments, 'team-b', 'late');
    // What the type itself gives an environment that nobody has looked at.
    assert.equal(late?.status, { observedGeneration: -1 });
    assert.not.match(a.log(), 'team-b');
    operators.pop();
  });
});

test('an operator without a right that it needs says which one, once, and is not ready', async () => {
  const installation = await install(cluster, client, { onlyNamespace: 'team-c' });
  const { WATCH_NAMESPACE: _, ...env } = installation.env;
  await running([{ ...installation, env }], async ([operator]) => {
    if (operator === undefined) throw new Error('no operator');
    let said = '';
    await eventually('it says what it may not', async () => {
      const answer = await fetch(operator.readyUrl).catch(() => undefined);
      said = (await answer?.text()) ?? '';
      return answer?.status === 503 && said.includes('may not');
    });
    assert.match(said, /^the operator may not list and watch \w+ in all namespaces/);
    const asked = async () => {
      const text = await (await fetch(operator.metricsUrl)).text();
      return Number(
        /^rest_client_requests_total\{code="403",method="GET",[^}]*\} (\d+)$/m.exec(text)?.[1] ?? 0,
      );
    };
    const before = await asked();
    await eventually('it asks again', async () => (await asked()) >= before + 20);
    const lines = operator
      .log()
      .split('\n')
      .filter((line) => line.includes('Not allowed to follow'));
    const resources = lines.map((line) => (JSON.parse(line) as { resource: string }).resource);
    assert.is(new Set(resources).size, resources.length, 'each is said once');
  });
});

test.run();
