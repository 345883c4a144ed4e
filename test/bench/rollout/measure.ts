import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Report } from '../../../local/report.ts';
import { create, serverSideApply } from '../../../operator/kube/apply.ts';
import { silentLog } from '../../../operator/kube/log.ts';
import { Reflector } from '../../../operator/kube/reflector.ts';
import type { KubeObject, Manifest } from '../../../operator/kube/resources.ts';
import { KubeClient } from '../../../operator/kube/transport.ts';
import { CRDS } from '../../integration/kube/things.ts';
import { eventually } from '../../integration/processes.ts';
import { startSimulatedCluster } from '../../simulated/cluster.ts';
import type { OperatorProcess } from '../../simulated/metered.ts';
import { auditPolicy } from '../operator/audit.ts';
import { cpuSecondsOf, memoryOf } from '../operator/process.ts';
import { argoFolder, type Contender, NEW, OLD, type Place } from './contenders.ts';
import { quantileOf, type Request, WriteLog } from './requests.ts';

export interface Conditions {
  rollouts: number;
  /** How many of them are aborted, and how many promoted, one at a time. */
  singly: number;
  report: Report;
}

/** The figures of one contender, by metric. */
export type Measured = Record<string, number>;

const DRIVER = 'driver';
const PER_NAMESPACE = 100;
const CLIENTS = 16;
const BATCHES = 3;
const SINGLY_EVERY_MS = 250;
/** Before a command that is measured alone nobody has written for this long; it is waited for no longer than that. */
const CALM_MS = 500;
const MOST_CALMING_MS = 15_000;

/** Both contenders on one cluster, each with its own releases, in turns: a batch of one, then a batch of the other. */
export async function measure(
  contenders: Contender[],
  conditions: Conditions,
): Promise<Map<string, Measured>> {
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-bench-'));
  const users = [DRIVER, ...contenders.map(({ name }) => name)];
  const policy = join(folder, 'policy.json');
  writeFileSync(policy, JSON.stringify(auditPolicy(users)));
  const auditFile = join(folder, 'audit.log');
  const cluster = await startSimulatedCluster({
    users,
    flags: [`--audit-policy-file=${policy}`, `--audit-log-path=${auditFile}`, '--audit-log-maxsize=10000'],
    report: conditions.report,
  });
  const admin = cluster.client();
  const client = KubeClient.fromKubeConfig(cluster.configFor(DRIVER));
  const log = new WriteLog(auditFile);
  const sides: Side[] = [];
  try {
    await prepare(admin, contenders, conditions);
    for (const contender of contenders) {
      const operator = await contender.start(cluster.kubeconfigFor(contender.name));
      sides.push(new Side(contender, operator, client, log, conditions));
    }
    await inTurns(sides, (side) => side.begin());
    await inTurns(sides, (side) => side.createAll());
    for (let batch = 0; batch < BATCHES; batch += 1) await inTurns(sides, (side) => side.releaseBatch(batch));
    for (let turn = 0; turn < conditions.singly; turn += 1)
      await inTurns(sides, (side) => side.abortOne(turn));
    for (let turn = 0; turn < conditions.singly; turn += 1)
      await inTurns(sides, (side) => side.promoteOne(turn));
    for (let batch = 0; batch < BATCHES; batch += 1) await inTurns(sides, (side) => side.promoteBatch(batch));
    return new Map(await Promise.all(sides.map(async (side) => [side.name, await side.end()] as const)));
  } finally {
    for (const side of sides) await side.stop();
    await Promise.all([client.close(), admin.close()]);
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function inTurns(sides: readonly Side[], turn: (side: Side) => Promise<void>): Promise<void> {
  for (const side of sides) await turn(side);
}

class Side {
  readonly name: string;
  readonly #contender: Contender;
  readonly #operator: OperatorProcess;
  readonly #client: KubeClient;
  readonly #log: WriteLog;
  readonly #conditions: Conditions;
  readonly #ending = new AbortController();
  readonly #watch: Reflector;
  readonly #places = new Map<string, { at: number; place: Place }>();
  readonly #images = new Map<string, string>();
  readonly #measured: Measured = { canary_to_pause_seconds: 0, promote_full_seconds: 0 };
  readonly #promoted: number[] = [];
  readonly #aborted: number[] = [];
  #empty = 0;
  #before = { writes: 0, cpu: 0 };

  constructor(
    contender: Contender,
    operator: OperatorProcess,
    client: KubeClient,
    log: WriteLog,
    conditions: Conditions,
  ) {
    this.name = contender.name;
    this.#contender = contender;
    this.#operator = operator;
    this.#client = client;
    this.#log = log;
    this.#conditions = conditions;
    this.#watch = new Reflector({
      client,
      resource: contender.resource,
      log: silentLog,
      onChange: (_event, live) => this.#look(live),
    });
  }

  async begin(): Promise<void> {
    void this.#watch.start(this.#ending.signal);
    await this.#watch.synced;
    await seconds(10);
    this.#empty = memoryOf(this.#operator.pid).rss;
  }

  async createAll(): Promise<void> {
    const { rollouts } = this.#conditions;
    const all = Array.from({ length: rollouts }, (_, index) => index);
    const start = performance.now();
    await each(all, async (index) => {
      await create(
        this.#client,
        this.#contender.resource,
        this.#contender.manifest(nameOf(index), namespaceOf(index)),
      );
    });
    await this.#arrival(all, 'ready');
    this.#say(`${rollouts} are ready after ${Math.round((performance.now() - start) / 1_000)} s`);
    await seconds(5);
    this.#before = { writes: this.#writes().length, cpu: this.#cpu() };
  }

  /** A third of them get a new image and go to their pause. */
  async releaseBatch(batch: number): Promise<void> {
    const indexes = this.#batch(batch);
    const start = performance.now();
    await each(indexes, (index) => {
      this.#images.set(nameOf(index), NEW);
      return this.#contender.release(this.#client, this.#live(index), NEW);
    });
    const took = await this.#since(start, indexes, 'paused');
    this.#add('canary_to_pause_seconds', took);
    this.#say(`batch ${batch + 1}: ${indexes.length} paused after ${took.toFixed(1)} s`);
  }

  /** From the answer to the command until the requests are taken away. */
  async abortOne(turn: number): Promise<void> {
    const index = turn;
    const live = this.#live(index);
    await this.#singly(index, 'abort', 'aborted', async (command) => {
      const found = await this.#after(command, (request) => this.#contender.takesAway(request, live));
      this.#aborted.push(found.receivedAt - command.answeredAt);
    });
  }

  /** From the answer to the command until the write that gives the canary all its pods is answered. */
  async promoteOne(turn: number): Promise<void> {
    const index = this.#conditions.singly + turn;
    const live = this.#live(index);
    await this.#singly(index, 'promote-full', 'promoted', async (command) => {
      const found = await this.#after(command, (request) => this.#contender.scalesUp(request, live));
      this.#promoted.push(found.answeredAt - command.answeredAt);
    });
  }

  async promoteBatch(batch: number): Promise<void> {
    const indexes = this.#batch(batch).filter((index) => index >= 2 * this.#conditions.singly);
    const start = performance.now();
    await each(indexes, (index) => this.#contender.command(this.#client, this.#live(index), 'promote-full'));
    const took = await this.#since(start, indexes, 'promoted');
    this.#add('promote_full_seconds', took);
    this.#say(`batch ${batch + 1}: ${indexes.length} promoted after ${took.toFixed(1)} s`);
  }

  async end(): Promise<Measured> {
    // What is left of the old releases goes after a delay, which belongs to the releases.
    await seconds(30);
    const { rollouts } = this.#conditions;
    const { rss } = memoryOf(this.#operator.pid);
    return {
      ...this.#measured,
      promote_to_scaled_p50_ms: quantileOf(this.#promoted, 0.5),
      promote_to_scaled_p99_ms: quantileOf(this.#promoted, 0.99),
      abort_to_zero_p50_ms: quantileOf(this.#aborted, 0.5),
      abort_to_zero_p99_ms: quantileOf(this.#aborted, 0.99),
      writes_per_rollout: (this.#writes().length - this.#before.writes) / rollouts,
      cpu_ms_per_rollout: ((this.#cpu() - this.#before.cpu) * 1_000) / rollouts,
      rss_mib: rss,
      rss_empty_mib: this.#empty,
      rss_slope_kib_per_rollout: ((rss - this.#empty) * 1_024) / rollouts,
    };
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    if (process.env.BENCH_LOG)
      writeFileSync(`${process.env.BENCH_LOG}-${this.name}.log`, this.#operator.log());
    await this.#operator.stop('SIGTERM');
  }

  async #singly(
    index: number,
    verb: 'abort' | 'promote-full',
    place: Place,
    measured: (command: Request) => Promise<unknown>,
  ): Promise<void> {
    await this.#calm();
    const started = performance.now();
    const before = this.#log.read().length;
    await this.#contender.command(this.#client, this.#live(index), verb);
    await this.#arrival([index], place);
    await measured(await this.#commandOf(index, before));
    await new Promise((resolve) =>
      setTimeout(resolve, Math.max(0, SINGLY_EVERY_MS - (performance.now() - started))),
    );
  }

  /** What a release leaves to be done must not delay the command for the next one, of whichever contender. */
  async #calm(): Promise<void> {
    const began = performance.now();
    let [writes, since] = [this.#log.read().length, began];
    while (performance.now() - since < CALM_MS && performance.now() - began < MOST_CALMING_MS) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      const { length } = this.#log.read();
      if (length !== writes) since = performance.now();
      writes = length;
    }
  }

  /** The first write of this contender after the command that is so. */
  async #after(command: Request, isSo: (request: Request) => boolean): Promise<Request> {
    const found = () =>
      this.#writes().find(
        (request) =>
          request.receivedAt >= command.receivedAt &&
          request.namespace === command.namespace &&
          isSo(request),
      );
    await eventually(`a write follows the command for ${command.name}`, () => found() !== undefined);
    return found() as Request;
  }

  /** The driver's command for one of them, which is in the log a moment after it was answered. */
  async #commandOf(index: number, from: number): Promise<Request> {
    const found = () =>
      this.#log
        .read()
        .slice(from)
        .find(
          ({ user, name, resource }) =>
            user === DRIVER && name === nameOf(index) && resource === this.#contender.resource.plural,
        );
    await eventually(`the command for ${nameOf(index)} is in the log`, () => found() !== undefined);
    return found() as Request;
  }

  #writes(): Request[] {
    return this.#log.read().filter(({ user, code }) => user === this.name && code < 400);
  }

  #cpu(): number {
    return cpuSecondsOf(this.#operator.pid);
  }

  #look(live: KubeObject): void {
    const { name } = live.metadata;
    const place = this.#contender.placeOf(live, this.#images.get(name) ?? OLD);
    if (this.#places.get(name)?.place !== place) this.#places.set(name, { at: performance.now(), place });
  }

  async #arrival(indexes: readonly number[], place: Place): Promise<void> {
    const missing = () => indexes.filter((index) => this.#places.get(nameOf(index))?.place !== place);
    const deadline = 120_000 + indexes.length * 3_000;
    await eventually(`${indexes.length} are ${place}`, () => missing().length === 0, deadline).catch(
      (error) => {
        const [first = 0] = missing();
        const { status } = this.#live(first);
        throw new Error(
          `${this.name}: ${error}: ${missing().length} are not, ${nameOf(first)}: ${JSON.stringify(status)}`,
        );
      },
    );
  }

  /** Seconds from `start` until the last one came there. */
  async #since(start: number, indexes: readonly number[], place: Place): Promise<number> {
    await this.#arrival(indexes, place);
    const last = Math.max(...indexes.map((index) => this.#places.get(nameOf(index))?.at ?? 0));
    return (last - start) / 1_000;
  }

  #batch(batch: number): number[] {
    const { rollouts } = this.#conditions;
    const all = Array.from({ length: rollouts }, (_, index) => index);
    return all.filter((index) => index % BATCHES === batch);
  }

  #live(index: number): KubeObject {
    const live = this.#watch.store.get(namespaceOf(index), nameOf(index));
    if (live === undefined) throw new Error(`${nameOf(index)} is gone.`);
    return live;
  }

  #add(metric: string, value: number): void {
    this.#measured[metric] = (this.#measured[metric] ?? 0) + value;
  }

  #say(line: string): void {
    this.#conditions.report(`${this.name}: ${line}`);
  }
}

function nameOf(index: number): string {
  return `shop-${index}`;
}

function namespaceOf(index: number): string {
  return `bench-${Math.floor(index / PER_NAMESPACE)}`;
}

/** The peer's types, the namespaces, and who may do what. */
async function prepare(
  admin: KubeClient,
  contenders: Contender[],
  { report, rollouts }: Conditions,
): Promise<void> {
  const crds = globSync(join(await argoFolder(report), 'manifests', 'crds', '*-crd.yaml'));
  for (const path of crds) {
    const [document] = parseAllDocuments(readFileSync(path, 'utf8'));
    await serverSideApply(admin, CRDS, document?.toJS() as Manifest, { fieldManager: 'bench' });
  }
  for (const { resource } of contenders) {
    const path = `/apis/${resource.group}/${resource.version}/${resource.plural}`;
    await eventually(`${resource.plural} are served`, () =>
      admin.request({ method: 'GET', path, query: { limit: 1 } }).then(
        () => true,
        () => false,
      ),
    );
  }
  // The peer keeps its lease there.
  const spaces = Array.from({ length: Math.ceil(rollouts / PER_NAMESPACE) }, (_, index) => `bench-${index}`);
  for (const name of ['argo-rollouts', ...spaces]) {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await admin.request({ method: 'POST', path: '/api/v1/namespaces', body });
  }
  const everything = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
  await giveRights(admin, DRIVER, everything);
  const leases = { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['*'] };
  for (const { name, rules } of contenders) await giveRights(admin, name, [...rules, leases]);
}

async function giveRights(admin: KubeClient, name: string, rules: object[]): Promise<void> {
  const group = 'rbac.authorization.k8s.io';
  const post = (plural: string, body: object) =>
    admin.request({ method: 'POST', path: `/apis/${group}/v1/${plural}`, body });
  const metadata = { name };
  await post('clusterroles', { apiVersion: `${group}/v1`, kind: 'ClusterRole', metadata, rules });
  await post('clusterrolebindings', {
    apiVersion: `${group}/v1`,
    kind: 'ClusterRoleBinding',
    metadata,
    roleRef: { apiGroup: group, kind: 'ClusterRole', name },
    subjects: [{ kind: 'User', apiGroup: group, name }],
  });
}

/** By many clients at once. */
async function each(indexes: readonly number[], work: (index: number) => Promise<unknown>): Promise<void> {
  const left = indexes.values();
  const one = async () => {
    for (const index of left) await work(index);
  };
  await Promise.all(Array.from({ length: CLIENTS }, one));
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1_000));
}
