import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { create } from '../../../operator/kube/apply.ts';
import { answered } from '../../../operator/kube/errors.ts';
import { LEASES, type Lease } from '../../../operator/kube/lease-record.ts';
import { type KubeObject, pathOf } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { type SimulatedCluster, startSimulatedCluster } from '../../simulated/cluster.ts';
import type { OperatorProcess } from '../../simulated/metered.ts';
import { bundleOperator, startOperator } from '../../simulated/operator.ts';
import { FaultProxy } from '../fault-proxy.ts';
import { eventually } from '../processes.ts';

const test = suite("The operator's process on a simulated cluster");
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

const holder = async () => {
  const path = pathOf(LEASES, 'default', 'cryptosense-operator');
  return (await client.request<Lease>({ method: 'GET', path })).spec?.holderIdentity ?? '';
};

async function createEnvironment(name: string): Promise<void> {
  await create(client, RESOURCES.environments, {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name, namespace: 'default' },
    spec: { tier: 'local', release: { image: 'cryptosense-api:1.0.0' } },
  });
}

async function isReady(name: string): Promise<boolean> {
  const path = pathOf(RESOURCES.environments, 'default', name);
  const { status } = await client.request<KubeObject>({ method: 'GET', path });
  const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string }[] };
  return conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
}

async function exists(name: string): Promise<boolean> {
  try {
    await client.request({ method: 'GET', path: pathOf(RESOURCES.statefulSets, 'default', name) });
    return true;
  } catch (error) {
    if (answered(error, 404)) return false;
    throw error;
  }
}

const isReadyToLead = async ({ readyUrl }: OperatorProcess) =>
  (await fetch(readyUrl).catch(() => undefined))?.ok === true;

test('SIGTERM in the middle of a reconciliation: it is finished, the lease given back, and the other operator goes on', async () => {
  const certificates = join(dirname(cluster.kubeconfig), 'certs');
  const proxy = await FaultProxy.before(cluster.url, {
    key: readFileSync(join(certificates, 'apiserver.key')),
    cert: readFileSync(join(certificates, 'apiserver.crt')),
  });
  const config = cluster.configFor('admin');
  config.clusters = config.clusters.map((one) => ({ ...one, server: proxy.url }));
  const slow = join(dirname(cluster.kubeconfig), 'slow.kubeconfig.json');
  writeFileSync(slow, config.exportConfig());
  const asked: string[] = [];
  let isSlow = true;
  proxy.script = ({ method, path, isWatch }) => {
    if (!isWatch) asked.push(`${method} ${path.split('/').slice(-2).join('/')}`);
    // Made before the StatefulSets, and the only one of its kind.
    if (!isSlow || method !== 'POST' || !path.endsWith('/roles')) return undefined;
    isSlow = false;
    return { do: 'delay', ms: 2_000 };
  };
  const first = await startOperator({ kubeconfig: slow, program, env: { POD_NAME: 'first' } });
  let second: OperatorProcess | undefined;
  try {
    await eventually('the first one leads', async () => /^first_/.test(await holder().catch(() => '')));
    second = await startOperator({ kubeconfig: cluster.kubeconfig, program, env: { POD_NAME: 'second' } });
    await eventually('the second one is there', () => isReadyToLead(second as OperatorProcess));
    await createEnvironment('shop');
    await eventually('the first one is in the middle of a write', () => !isSlow);
    assert.not.ok(await exists('shop-database'));
    const start = performance.now();
    first.signal('SIGTERM');
    const code = await first.ended;
    const endedMs = performance.now() - start;
    assert.is(code, 0);
    assert.ok(await exists('shop-database'), 'what ran was finished');
    assert.is(asked.at(-1), 'PUT leases/cryptosense-operator', 'the lease came last');
    await eventually('the second one leads', async () => /^second_/.test(await holder()));
    const ledMs = performance.now() - start - endedMs;
    await eventually('the environment is ready', () => isReady('shop'), 60_000);
    console.log(
      `\nnote: ended ${Math.round(endedMs)} ms after SIGTERM, the other one led ${Math.round(ledMs)} ms later`,
    );
    assert.ok(endedMs < 10_000, `${endedMs} ms`);
    // The lease's 15 s were not waited for.
    assert.ok(ledMs < 5_000, `${ledMs} ms`);
    assert.match(first.log(), 'Gave the lease back');
    assert.not.match(first.log(), '"level":"error"');
  } catch (error) {
    throw new Error(`${error}\n${first.log()}\n${second?.log()}`, { cause: error });
  } finally {
    await first.stop();
    await second?.stop();
    await proxy.stop();
  }
});

test('SIGTERM before the server has answered ends the operator at once', async () => {
  const config = cluster.configFor('admin');
  // Nobody listens on the discard port.
  config.clusters = config.clusters.map((one) => ({ ...one, server: 'https://127.0.0.1:9' }));
  const unreachable = join(dirname(cluster.kubeconfig), 'unreachable.kubeconfig.json');
  writeFileSync(unreachable, config.exportConfig());
  const operator = await startOperator({ kubeconfig: unreachable, program });
  try {
    await eventually('it says that it is not ready', async () => {
      const answer = await fetch(operator.readyUrl).catch(() => undefined);
      return answer?.status === 503;
    });
    const start = performance.now();
    operator.signal('SIGTERM');
    assert.is(await operator.ended, 0);
    assert.ok(performance.now() - start < 5_000, `${performance.now() - start} ms`);
  } finally {
    await operator.stop();
  }
});

/** Names and labels as dashboards of controller-runtime and client-go ask for them. */
const METRICS = [
  /^controller_runtime_reconcile_total\{controller="cryptosenseenvironment",result="success"\} \d/m,
  /^controller_runtime_reconcile_total\{controller="cryptosenseenvironment",result="error"\} \d/m,
  /^controller_runtime_reconcile_total\{controller="cryptosenseenvironment",result="requeue"\} \d/m,
  /^controller_runtime_reconcile_total\{controller="cryptosenseenvironment",result="requeue_after"\} \d/m,
  /^controller_runtime_reconcile_errors_total\{controller="cryptosenseenvironment"\} \d/m,
  /^controller_runtime_terminal_reconcile_errors_total\{controller="cryptosenseenvironment"\} 0/m,
  /^controller_runtime_reconcile_panics_total\{controller="cryptosenseenvironment"\} 0/m,
  /^controller_runtime_reconcile_time_seconds_bucket\{le="0.005",controller="cryptosenseenvironment"\} \d/m,
  /^controller_runtime_max_concurrent_reconciles\{controller="cryptosenseenvironment"\} 4/m,
  /^controller_runtime_active_workers\{controller="cryptosenseenvironment"\} \d/m,
  /^workqueue_depth\{name="cryptosenseenvironment",controller="cryptosenseenvironment"\} \d/m,
  /^workqueue_adds_total\{name="cryptosenseenvironment",controller="cryptosenseenvironment"\} [1-9]/m,
  /^workqueue_queue_duration_seconds_bucket\{le="0.001",name="cryptosenseenvironment",/m,
  /^workqueue_work_duration_seconds_sum\{name="cryptosenseenvironment",/m,
  /^workqueue_unfinished_work_seconds\{name="cryptosenseenvironment",/m,
  /^workqueue_longest_running_processor_seconds\{name="cryptosenseenvironment",/m,
  /^workqueue_retries_total\{name="cryptosenseenvironment",controller="cryptosenseenvironment"\} \d/m,
  /^rest_client_requests_total\{code="200",method="GET",host="127\.0\.0\.1:\d+"\} [1-9]/m,
  /^rest_client_request_duration_seconds_bucket\{le="0.005",verb="GET",host="127\.0\.0\.1:\d+"\} \d/m,
  /^rest_client_rate_limiter_duration_seconds_count\{verb="GET",host="127\.0\.0\.1:\d+"\} [1-9]/m,
  /^leader_election_master_status\{name="cryptosense-operator"\} 1/m,
];

const WRITES = /^rest_client_requests_total\{code="\d+",method="(POST|PATCH|DELETE)",[^}]*\} (\d+)$/gm;
const RECONCILES = /^controller_runtime_reconcile_total\{[^}]*\} (\d+)$/gm;

function sum(text: string, series: RegExp): number {
  return [...text.matchAll(series)].reduce((total, match) => total + Number(match.at(-1)), 0);
}

test("at rest a look every second writes nothing, and /metrics has controller-runtime's names", async () => {
  const operator = await startOperator({
    kubeconfig: cluster.kubeconfig,
    program,
    env: { RESYNC_PERIOD: '1s' },
  });
  try {
    await createEnvironment('quiet');
    await eventually('the environment is ready', () => isReady('quiet'), 60_000);
    const scrape = async () => (await fetch(operator.metricsUrl)).text();
    let before = await scrape();
    await eventually(
      'it is at rest',
      async () => {
        const earlier = sum(before, WRITES);
        // Two looks of a second each without a write are what is called rest here.
        await new Promise((resolve) => setTimeout(resolve, 2_000));
        before = await scrape();
        return sum(before, WRITES) === earlier;
      },
      60_000,
    );
    const looks = sum(before, RECONCILES);
    let after = before;
    await eventually('each environment was looked at five times more', async () => {
      after = await scrape();
      return sum(after, RECONCILES) >= looks + 10;
    });
    assert.is(sum(after, WRITES), sum(before, WRITES));
    for (const series of METRICS) assert.match(after, series);
    // The lease was renewed meanwhile, so that requests are really counted.
    assert.match(after, /^rest_client_requests_total\{code="200",method="PUT",[^}]*\} [1-9]/m);
  } catch (error) {
    throw new Error(`${error}\n${operator.log()}`, { cause: error });
  } finally {
    await operator.stop();
  }
});

test('a setting that cannot be right ends the operator with a sentence', async () => {
  const operator = await startOperator({
    kubeconfig: cluster.kubeconfig,
    program,
    env: { RESYNC_PERIOD: 'often' },
  });
  try {
    assert.is(await operator.ended, 2);
    assert.is(
      operator.log(),
      'The operator cannot start:\nRESYNC_PERIOD is "often": write a duration of a second at least, for example 30m or 10h\n',
    );
  } finally {
    await operator.stop();
  }
});

test.run();
