import { milliseconds } from '../../api/duration.ts';
import { type Environment, LABELS, resolveEnvironment } from '../../api/resolved.ts';
import type { AnalysisRun, EnvironmentStatus } from '../../api/status.ts';
import type { Log } from '../../kube/log.ts';
import type { Measured, Outcome } from '../../rollout/analysis/measured.ts';
import {
  type AnalysisPolicy,
  BACKGROUND,
  type MetricPolicy,
  policyOf,
} from '../../rollout/analysis/policy.ts';
import { dueIn } from '../../rollout/analysis/run.ts';
import type { Caches } from '../caches.ts';
import type { Live } from '../snapshot.ts';
import { Baseline } from './baseline.ts';
import { headersOf, type SecretReader } from './headers.ts';
import { filled } from './placeholders.ts';
import { type Ask, askPods, countPods, type Pods } from './pods.ts';
import { askPrometheus } from './prometheus.ts';
import { askWeb } from './web.ts';

const TIMEOUT_MS = 2000;

/** What is known of one environment beyond its status. */
interface Memory {
  readonly baselines: Map<string, Baseline>;
  readonly asking: Set<string>;
  answers: Measured[];
}

interface Wanted {
  readonly id: string;
  readonly run: AnalysisRun;
  readonly metric: MetricPolicy;
  /** Only to know from where to count on: this process has not seen the pods before. */
  readonly isFirstLook: boolean;
}

/**
 * Measures in the background what the analyses in status are due for, and wakes the environment when an answer is there:
 * no plan waits for a pod. An answer is handed out until status has it, so that none is lost with a write that failed.
 */
export class Measurements {
  readonly #caches: Pick<Caches, 'of'>;
  readonly #wake: (key: string) => void;
  readonly #askPage: Ask;
  readonly #client: SecretReader;
  readonly #log: Log;
  readonly #memories = new Map<string, Memory>();
  readonly #running = new Set<Promise<void>>();

  constructor(options: {
    caches: Pick<Caches, 'of'>;
    client: SecretReader;
    log: Log;
    wake: (key: string) => void;
    ask?: Ask;
  }) {
    this.#caches = options.caches;
    this.#wake = options.wake;
    this.#client = options.client;
    this.#log = options.log;
    this.#askPage = options.ask ?? askPage;
  }

  /** The answers that status lacks; asks for what is due at `now`, in milliseconds since 1970. */
  look(key: string, environment: Environment, now: number): readonly Measured[] {
    const { status, metadata } = environment;
    const runs = status?.candidate?.analyses?.filter(({ verdict }) => verdict === undefined) ?? [];
    if (!status || runs.length === 0 || metadata.deletionTimestamp) {
      this.forget(key);
      return [];
    }
    const memory = this.#memories.get(key) ?? { baselines: new Map(), asking: new Set(), answers: [] };
    this.#memories.set(key, memory);
    memory.answers = memory.answers.filter((answer) => isAwaited(answer, runs));
    const { rollout } = resolveEnvironment(environment).spec;
    const wanted = runs.flatMap((run) => wantedOf(run, policyOf(rollout, run.id), memory, status, now));
    if (wanted.length > 0) this.#start(key, environment, wanted, memory, now);
    return memory.answers;
  }

  forget(key: string): void {
    this.#memories.delete(key);
  }

  /** Resolves when nothing is being asked any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }

  #start(
    key: string,
    environment: Environment,
    wanted: readonly Wanted[],
    memory: Memory,
    now: number,
  ): void {
    const pods = this.#podsOf(environment);
    for (const one of wanted) {
      memory.asking.add(one.id);
      const work = this.#measure(one, environment, pods, memory).then((outcome) => {
        memory.asking.delete(one.id);
        if (outcome === undefined || this.#memories.get(key) !== memory) return;
        const { run, metric } = one;
        const at = new Date(now).toISOString();
        memory.answers.push({ run: run.id, startedAt: run.startedAt, metric: metric.name, at, outcome });
        this.#wake(key);
      });
      this.#running.add(work);
      void work.finally(() => this.#running.delete(work));
    }
  }

  /** Never rejects. Undefined when it was only the first look of this process. */
  async #measure(
    one: Wanted,
    environment: Environment,
    pods: Pods,
    memory: Memory,
  ): Promise<Outcome | undefined> {
    const { run, metric, isFirstLook } = one;
    const outcome = await this.#ask(one, environment, pods, memory).catch(
      (error: unknown): Outcome => ({ type: 'problem', why: (error as Error).message }),
    );
    this.#log.debug('measured', { run: run.id, metric: metric.name, outcome: outcome.type });
    return isFirstLook ? undefined : outcome;
  }

  async #ask(
    { id, run, metric }: Wanted,
    environment: Environment,
    pods: Pods,
    memory: Memory,
  ): Promise<Outcome> {
    const { source } = metric;
    const { namespace } = environment.metadata;
    if (source.type === 'pods') {
      const baseline = memory.baselines.get(id) ?? new Baseline();
      memory.baselines.set(id, baseline);
      return countPods({ ...metric, source }, pods, baseline, sinceWhen(run, metric));
    }
    if (source.type === 'job') throw new Error('a Job is not asked for an answer');
    const headers = await headersOf(source.headers ?? [], namespace, this.#client);
    const within = (otherwise: string) => milliseconds(source.timeout ?? otherwise);
    if (source.type === 'prometheus') {
      const query = filled(source.query, environment);
      return askPrometheus(source.address, query, { headers, timeoutMs: within('10s') });
    }
    return askWeb(source, { url: filled(source.url, environment), headers, timeoutMs: within('5s') });
  }

  #podsOf(environment: Environment): Pods {
    const { name, namespace } = environment.metadata;
    const all = this.#caches
      .of('Pod', namespace, name)
      .filter(({ metadata }) => metadata.labels?.[LABELS.component] === 'api' && !metadata.deletionTimestamp);
    const asked = (whose: string, revision: string | undefined) => {
      const its = all.filter(({ metadata }) => metadata.labels?.[LABELS.revision] === revision);
      return once(() => askPods(whose, its, this.#askPage));
    };
    const { candidate, stable } = environment.status ?? {};
    return {
      candidate: asked('candidate', candidate?.revision),
      stable: asked('stable release', stable?.revision),
      bornAt: birthsOf(all),
    };
  }
}

/** From when on a pod's birth makes all that it has answered new, in milliseconds since 1970. */
function sinceWhen(run: AnalysisRun, metric: MetricPolicy): { candidate: number; stable: number } {
  const at = run.metrics.find(({ name }) => name === metric.name)?.at;
  const since = Date.parse(at ?? run.startedAt);
  // A candidate has answered nothing before it got requests, which is when its background analysis begins.
  const isFromBirth = at === undefined && run.id === BACKGROUND && metric.initialDelayMs === 0;
  return { candidate: isFromBirth ? 0 : since, stable: since };
}

function wantedOf(
  run: AnalysisRun,
  policy: AnalysisPolicy | undefined,
  memory: Memory,
  status: EnvironmentStatus,
  now: number,
): Wanted[] {
  // Without requests there is nothing to learn from the pods.
  if (!policy || (run.id === BACKGROUND && status.candidate?.weight === 0)) return [];
  return policy.metrics.flatMap((metric): Wanted[] => {
    const id = `${run.id}/${run.startedAt}/${metric.name}`;
    const isAnswered = memory.answers.some(
      (answer) => answer.run === run.id && answer.metric === metric.name,
    );
    if (memory.asking.has(id) || isAnswered) return [];
    const isDue = (dueIn(run, metric, now) ?? Number.POSITIVE_INFINITY) <= 0;
    // A Job is made by a plan, and seen in the caches.
    if (metric.source.type === 'job') return [];
    const isMeasured = run.metrics.some(({ name, at }) => name === metric.name && at !== undefined);
    const isFirstLook = metric.source.type === 'pods' && isMeasured && !memory.baselines.has(id) && !isDue;
    return isDue || isFirstLook ? [{ id, run, metric, isFirstLook }] : [];
  });
}

function isAwaited(answer: Measured, runs: readonly AnalysisRun[]): boolean {
  const run = runs.find(({ id, startedAt }) => id === answer.run && startedAt === answer.startedAt);
  const at = run?.metrics.find(({ name }) => name === answer.metric)?.at;
  return run !== undefined && (at === undefined || at < answer.at);
}

function birthsOf(pods: readonly Live[]): Map<string, number> {
  return new Map(
    pods.map(({ metadata }) => [metadata.uid, Date.parse(metadata.creationTimestamp ?? '') || 0]),
  );
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}

async function askPage(url: string): Promise<string> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!answer.ok) throw new Error(`/metrics of a pod answered ${answer.status}`);
  return answer.text();
}
