import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RULES } from '../../../charts/rights.ts';
import type { Report } from '../../../local/report.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { create, mergePatch } from '../../../operator/kube/apply.ts';
import { silentLog } from '../../../operator/kube/log.ts';
import { Reflector } from '../../../operator/kube/reflector.ts';
import type { KubeObject } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { eventually } from '../../integration/processes.ts';
import { type SimulatedCluster, startSimulatedCluster } from '../../simulated/cluster.ts';
import type { OperatorProcess } from '../../simulated/metered.ts';
import { AuditLog, auditPolicy, requestsBetween } from './audit.ts';
import type { Contender } from './contenders.ts';
import { cpuSecondsOf, memoryOf } from './process.ts';
import { between, bucketsOf, quantile, total } from './prometheus.ts';

export interface Conditions {
  environments: number;
  idleSeconds: number;
  spec: EnvironmentSpec;
  report: Report;
}

/** The figures of one contender, by metric. */
export type Measured = Record<string, number>;

const PER_NAMESPACE = 100;
const CREATORS = 16;
const POKES = 200;
const POKE_EVERY_MS = 100;
const LATENCY = 'cryptosense_watch_to_plan_seconds';

/** Everything about one contender, on a cluster of its own that is as fresh as the other's. */
export async function measure(contender: Contender, conditions: Conditions): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-bench-'));
  const policy = join(folder, 'policy.json');
  writeFileSync(policy, JSON.stringify(auditPolicy([contender.name])));
  const auditFile = join(folder, 'audit.log');
  const say: Report = (line) => conditions.report(`${contender.name}: ${line}`);
  say('starting a cluster');
  const cluster = await startSimulatedCluster({
    users: [contender.name],
    flags: [`--audit-policy-file=${policy}`, `--audit-log-path=${auditFile}`, '--audit-log-maxsize=10000'],
    report: say,
  });
  const client = cluster.client();
  try {
    const bench = new Bench(contender, conditions, cluster, client, new AuditLog(auditFile), say);
    return await bench.run();
  } finally {
    await client.close();
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

class Bench {
  readonly #contender: Contender;
  readonly #conditions: Conditions;
  readonly #client: KubeClient;
  readonly #audit: AuditLog;
  readonly #say: Report;
  readonly #kubeconfig: string;
  readonly #running = new Set<OperatorProcess>();

  constructor(
    contender: Contender,
    conditions: Conditions,
    cluster: SimulatedCluster,
    client: KubeClient,
    audit: AuditLog,
    say: Report,
  ) {
    this.#contender = contender;
    this.#conditions = conditions;
    this.#client = client;
    this.#audit = audit;
    this.#say = say;
    this.#kubeconfig = cluster.kubeconfigFor(contender.name);
  }

  async run(): Promise<Measured> {
    try {
      await this.#giveRights();
      const first = await this.#start();
      await eventually('the operator leads', () => this.#leads(first), 60_000);
      await seconds(5);
      const empty = memoryOf(first.pid).rss;
      const created = await this.#createAll(first);
      await this.#settle();
      const idle = await this.#idle(first);
      const { environments } = this.#conditions;
      const rested = memoryOf(first.pid);
      const poked = await this.#poke(first);
      return {
        ...created,
        ...poked,
        ...idle,
        rss_mib: rested.rss,
        rss_peak_mib: rested.peak,
        rss_empty_mib: empty,
        rss_slope_kib_per_environment: ((rested.rss - empty) * 1024) / environments,
        ...(await this.#restart(first)),
      };
    } finally {
      for (const operator of [...this.#running]) await this.#end(operator, 'SIGKILL');
    }
  }

  /** All environments at once, until each is Ready. */
  async #createAll(operator: OperatorProcess): Promise<Measured> {
    const { environments, spec } = this.#conditions;
    const names = Array.from({ length: environments }, (_, index) => index);
    const before = {
      cpu: cpuSecondsOf(operator.pid),
      requests: this.#audit.read(),
      latency: await this.#latency(operator),
    };
    const ready = new Set<string>();
    const ending = new AbortController();
    let lastReadyAt = 0;
    const watch = new Reflector({
      client: this.#client,
      resource: RESOURCES.environments,
      log: silentLog,
      onChange: (_event, object) => {
        const key = `${object.metadata.namespace}/${object.metadata.name}`;
        if (!isReady(object) || ready.has(key)) return;
        ready.add(key);
        lastReadyAt = performance.now();
      },
    });
    void watch.start(ending.signal);
    await watch.synced;
    for (let index = 0; index * PER_NAMESPACE < environments; index += 1) {
      const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `bench-${index}` } };
      await this.#client.request({ method: 'POST', path: '/api/v1/namespaces', body });
    }
    const startedAt = performance.now();
    this.#say(`creating ${environments} environments`);
    const work = async () => {
      for (let index = names.shift(); index !== undefined; index = names.shift()) {
        const metadata = { name: `env-${index}`, namespace: `bench-${Math.floor(index / PER_NAMESPACE)}` };
        await create(this.#client, RESOURCES.environments, {
          apiVersion: API_VERSION,
          kind: KIND,
          metadata,
          spec,
        });
      }
    };
    await Promise.all(Array.from({ length: CREATORS }, work));
    let said = 0;
    await eventually(
      'every environment is Ready',
      () => {
        if (ready.size >= said + environments / 10) {
          said = ready.size;
          this.#say(
            `${said} of ${environments} are Ready after ${Math.round((performance.now() - startedAt) / 1000)} s`,
          );
        }
        return ready.size === environments;
      },
      60_000 + environments * 3_000,
    );
    ending.abort();
    const requests = requestsBetween(before.requests, this.#audit.read());
    const busiest = [...requests.of].sort(([, a], [, b]) => b - a).slice(0, 12);
    this.#say(`requests: ${busiest.map(([what, count]) => `${what} ${count}`).join(', ')}`);
    const latency = between(before.latency, await this.#latency(operator));
    return {
      all_ready_seconds: (lastReadyAt - startedAt) / 1000,
      cpu_seconds: cpuSecondsOf(operator.pid) - before.cpu,
      requests_per_environment: requests.all / environments,
      burst_watch_to_plan_p50_ms: quantile(latency, 0.5) * 1000,
      burst_watch_to_plan_p99_ms: quantile(latency, 0.99) * 1000,
    };
  }

  /** Until ten seconds went by without a write: the last status and Events are out. */
  async #settle(): Promise<void> {
    this.#say('all are Ready; waiting until nothing is written any more');
    for (let quiet = 0, rounds = 0; quiet < 10 && rounds < 180; rounds += 1) {
      const before = this.#audit.read();
      await seconds(1);
      quiet = requestsBetween(before, this.#audit.read()).writes === 0 ? quiet + 1 : 0;
    }
  }

  async #idle(operator: OperatorProcess): Promise<Measured> {
    const { idleSeconds } = this.#conditions;
    this.#say(`at rest for ${idleSeconds} s`);
    const before = { cpu: cpuSecondsOf(operator.pid), requests: this.#audit.read() };
    await seconds(idleSeconds);
    const { writes, of } = requestsBetween(before.requests, this.#audit.read());
    if (of.size > 0) this.#say(`requests at rest: ${[...of].map(([what, n]) => `${what} ${n}`).join(', ')}`);
    const cpu = cpuSecondsOf(operator.pid) - before.cpu;
    const name = idleSeconds === 600 ? 'idle_writes_10min' : `idle_writes_${idleSeconds}s`;
    return { [name]: writes, idle_cpu_percent: (100 * cpu) / idleSeconds };
  }

  /** Edits that change nothing for the operator, one at a time at rest: how soon it has looked. */
  async #poke(operator: OperatorProcess): Promise<Measured> {
    this.#say(`${POKES} edits, one every ${POKE_EVERY_MS} ms`);
    const before = await this.#latency(operator);
    for (let poke = 0; poke < POKES; poke += 1) {
      // Far from each other, so that no edit profits from the one before.
      const index = (poke * 37) % this.#conditions.environments;
      const patch = { metadata: { annotations: { 'cryptosense.io/bench': String(poke) } } };
      const namespace = `bench-${Math.floor(index / PER_NAMESPACE)}`;
      await mergePatch(this.#client, RESOURCES.environments, namespace, `env-${index}`, patch);
      await new Promise((resolve) => setTimeout(resolve, POKE_EVERY_MS));
    }
    const latency = between(before, await this.#latency(operator));
    return {
      watch_to_plan_p50_ms: quantile(latency, 0.5) * 1000,
      watch_to_plan_p99_ms: quantile(latency, 0.99) * 1000,
    };
  }

  /** A start with everything there, and the two ways in which a leader can go while another waits. */
  async #restart(first: OperatorProcess): Promise<Measured> {
    this.#say('cold start');
    await this.#end(first, 'SIGTERM');
    const startedAt = performance.now();
    const leader = await this.#start();
    await eventually('the caches are filled', () => answers(leader.readyUrl), 120_000);
    const syncedMs = performance.now() - startedAt;
    await eventually('something is reconciled', () => this.#hasReconciled(leader), 120_000);
    const coldMs = performance.now() - startedAt;
    const { environments } = this.#conditions;
    await eventually(
      'everything is reconciled',
      async () => (await this.#reconciles(leader)) >= environments,
      300_000,
    );
    const allMs = performance.now() - startedAt;
    await seconds(15);
    const fresh = memoryOf(leader.pid).rss;

    this.#say('failover after kill -9');
    const second = await this.#standBy();
    const killed = performance.now();
    await this.#end(leader, 'SIGKILL');
    await eventually('the second leads', () => this.#hasReconciled(second), 120_000);
    const killSeconds = (performance.now() - killed) / 1000;

    this.#say('failover after a graceful stop');
    const third = await this.#standBy();
    const stopped = performance.now();
    const ended = this.#end(second, 'SIGTERM');
    await eventually('the third leads', () => this.#hasReconciled(third), 120_000);
    const stopSeconds = (performance.now() - stopped) / 1000;
    await ended;
    return {
      cold_start_synced_ms: syncedMs,
      cold_start_ms: coldMs,
      cold_start_all_reconciled_ms: allMs,
      rss_after_restart_mib: fresh,
      failover_kill_seconds: killSeconds,
      failover_stop_seconds: stopSeconds,
    };
  }

  async #start(): Promise<OperatorProcess> {
    const operator = await this.#contender.start(this.#kubeconfig);
    this.#running.add(operator);
    return operator;
  }

  async #standBy(): Promise<OperatorProcess> {
    const operator = await this.#start();
    await eventually('the second one has filled its caches', () => answers(operator.readyUrl), 120_000);
    await seconds(5);
    return operator;
  }

  async #end(operator: OperatorProcess, signal: NodeJS.Signals): Promise<void> {
    this.#running.delete(operator);
    if (process.env.BENCH_LOG) writeFileSync(`${process.env.BENCH_LOG}-${operator.pid}.log`, operator.log());
    await operator.stop(signal);
  }

  async #leads(operator: OperatorProcess): Promise<boolean> {
    return total(await textOf(operator.metricsUrl), 'leader_election_master_status') === 1;
  }

  async #hasReconciled(operator: OperatorProcess): Promise<boolean> {
    return (await this.#reconciles(operator)) > 0;
  }

  async #reconciles(operator: OperatorProcess): Promise<number> {
    return total(await textOf(operator.metricsUrl), 'controller_runtime_reconcile_total');
  }

  async #latency(operator: OperatorProcess) {
    return bucketsOf(await textOf(operator.metricsUrl), LATENCY);
  }

  /** The rights that our operator has, for both; the lease of either is in the namespace default here. */
  async #giveRights(): Promise<void> {
    const { name } = this.#contender;
    const leases = { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['*'] };
    const group = 'rbac.authorization.k8s.io';
    const post = (plural: string, body: object) =>
      this.#client.request({ method: 'POST', path: `/apis/${group}/v1/${plural}`, body });
    await post('clusterroles', {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRole',
      metadata: { name },
      rules: [...RULES, leases],
    });
    await post('clusterrolebindings', {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: group, kind: 'ClusterRole', name },
      subjects: [{ kind: 'User', apiGroup: group, name }],
    });
  }
}

function isReady({ status, metadata }: KubeObject): boolean {
  type Condition = { type: string; status: string; observedGeneration?: number };
  const { conditions = [] } = (status ?? {}) as { conditions?: Condition[] };
  const ready = conditions.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' && ready.observedGeneration === metadata.generation;
}

/** '' while nobody answers. */
async function textOf(url: string): Promise<string> {
  try {
    return await (await fetch(url)).text();
  } catch {
    return '';
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url);
    await answer.text();
    return answer.ok;
  } catch {
    return false;
  }
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1_000));
}
