import { type Environment, LABELS, resolveEnvironment } from '../../api/resolved.ts';
import type { AnalysisRun, EnvironmentStatus } from '../../api/status.ts';
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
import type { Totals } from './counters.ts';
import { type Ask, askPods } from './pods.ts';

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
  readonly #ask: Ask;
  readonly #memories = new Map<string, Memory>();
  readonly #running = new Set<Promise<void>>();

  constructor(options: { caches: Pick<Caches, 'of'>; wake: (key: string) => void; ask?: Ask }) {
    this.#caches = options.caches;
    this.#wake = options.wake;
    this.#ask = options.ask ?? askPage;
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
      const work = this.#measure(one, pods, memory).then((outcome) => {
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
  async #measure(one: Wanted, pods: Pods, memory: Memory): Promise<Outcome | undefined> {
    const { run, metric, isFirstLook } = one;
    const baseline = memory.baselines.get(one.id) ?? new Baseline();
    memory.baselines.set(one.id, baseline);
    const at = run.metrics.find(({ name }) => name === metric.name)?.at;
    // A candidate has answered nothing before it got requests, which is when its background analysis begins.
    const isFromBirth = at === undefined && run.id === BACKGROUND && metric.initialDelayMs === 0;
    try {
      const totals = await pods.candidate();
      const since = isFromBirth ? 0 : Date.parse(at ?? run.startedAt);
      const { requests, errors } = baseline.advance(totals, pods.bornAt, since);
      return isFirstLook ? undefined : { type: 'counts', candidate: { requests, bad: errors } };
    } catch (error) {
      return isFirstLook ? undefined : { type: 'problem', why: (error as Error).message };
    }
  }

  #podsOf(environment: Environment): Pods {
    const { name, namespace } = environment.metadata;
    const all = this.#caches
      .of('Pod', namespace, name)
      .filter(({ metadata }) => metadata.labels?.[LABELS.component] === 'api' && !metadata.deletionTimestamp);
    const of = (revision: string | undefined) =>
      all.filter(({ metadata }) => metadata.labels?.[LABELS.revision] === revision);
    const { candidate } = environment.status ?? {};
    return { candidate: once(() => askPods(of(candidate?.revision), this.#ask)), bornAt: birthsOf(all) };
  }
}

/** Pods are asked once for all metrics of a moment. */
interface Pods {
  candidate(): Promise<ReadonlyMap<string, Totals>>;
  /** In milliseconds since 1970, by uid. */
  readonly bornAt: ReadonlyMap<string, number>;
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
    const isMeasured = run.metrics.some(({ name, at }) => name === metric.name && at !== undefined);
    const isFirstLook = isMeasured && !memory.baselines.has(id);
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
