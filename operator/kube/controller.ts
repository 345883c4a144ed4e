import { type Clock, followedBy, pause, systemClock } from './clock.ts';
import { inFlow } from './flow.ts';
import type { Log } from './log.ts';
import { type Metrics, metrics as processMetrics } from './metrics.ts';
import { WorkQueue } from './queue.ts';
import { asTrace, failSpan, tellSpan } from './spans.ts';

/** An error that trying again does not mend; the key rests until somebody enqueues it. */
export class TerminalError extends Error {
  override readonly name: string = 'TerminalError';
}

export interface Result {
  /** Look again after this long, also when nothing changes. */
  requeueAfterMs?: number;
}

// biome-ignore lint/suspicious/noConfusingVoidType: a reconciler with nothing to say just returns
export type Reconcile = (key: string, signal: AbortSignal) => Promise<Result | void>;

export interface ControllerOptions {
  name: string;
  reconcile: Reconcile;
  queue?: WorkQueue;
  workers?: number;
  /** How long a key is left alone after a reconciliation, however much is heard of it; 0 when left out. */
  restMs?: number;
  log: Log;
  metrics?: Metrics;
  /** How long what runs may go on after a stop was asked for, before its signal is aborted. */
  stopDeadlineMs?: number;
  /** A single reconciliation's signal is aborted after this long. */
  timeoutMs?: number;
  /** Every key is looked at again after this long, plus up to a tenth, also when nothing was heard of it. */
  resync?: { everyMs: number; keys: () => Iterable<string> };
  clock?: Clock;
}

/** After the signal was aborted a reconciliation has this long to notice. */
const AFTER_ABORT_MS = 1_000;

/**
 * Calls `reconcile` for keys.
 * - One key is never reconciled twice at once; different keys by as many workers as asked for.
 * - Whatever `reconcile` throws, the workers go on: the key is tried again with exponential backoff, after a
 *   TerminalError not until it is enqueued again.
 * - With `resync` no key is left alone for longer than that, and they do not all come at once.
 * - After a stop what runs may finish until the deadline; nothing new begins.
 */
export class Controller {
  readonly #name: string;
  readonly #reconcile: Reconcile;
  readonly #queue: WorkQueue;
  readonly #workers: number;
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #stopDeadlineMs: number;
  readonly #timeoutMs: number;
  readonly #resync: ControllerOptions['resync'];
  readonly #clock: Clock;
  #busy = 0;

  constructor(options: ControllerOptions) {
    const { name, metrics = processMetrics, clock = systemClock } = options;
    this.#name = name;
    this.#reconcile = options.reconcile;
    this.#queue = options.queue ?? new WorkQueue({ name, clock, metrics, restMs: options.restMs ?? 0 });
    this.#workers = options.workers ?? 1;
    this.#log = options.log.with({ controller: name });
    this.#metrics = metrics;
    this.#stopDeadlineMs = options.stopDeadlineMs ?? 20_000;
    this.#timeoutMs = options.timeoutMs ?? 300_000;
    this.#resync = options.resync;
    this.#clock = clock;
    // A counter that was never touched is not exported, and an alert on its rate never fires.
    for (const result of ['success', 'error', 'requeue', 'requeue_after']) {
      metrics.reconciles.inc({ controller: name, result }, 0);
    }
    for (const failures of [metrics.reconcileErrors, metrics.terminalErrors, metrics.panics])
      failures.inc({ controller: name }, 0);
    metrics.maxConcurrent.set({ controller: name }, this.#workers);
    metrics.activeWorkers.set({ controller: name }, 0);
  }

  /** Asks for a reconciliation of this key; also before `run`. */
  enqueue(key: string, delayMs = 0): void {
    this.#queue.add(key, delayMs);
  }

  /** Works until the signal is aborted, then ends what runs. Can be called once. */
  async run(signal: AbortSignal): Promise<void> {
    const hard = new AbortController();
    const stop = () => this.#queue.shutdown();
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    const ticking = this.#resyncUntil(signal);
    const workers = Promise.all(Array.from({ length: this.#workers }, () => this.#work(hard.signal)));
    const deadline = new AbortController();
    const cutOff = async () => {
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener('abort', () => resolve(), { once: true });
      });
      await pause(this.#stopDeadlineMs, deadline.signal, this.#clock);
      hard.abort(new Error(`${this.#name}: stopped ${this.#stopDeadlineMs} ms ago`));
      await pause(AFTER_ABORT_MS, deadline.signal, this.#clock);
      if (this.#busy > 0) this.#log.warn('Left work behind that did not end in time', { busy: this.#busy });
    };
    await Promise.race([workers, cutOff()]);
    deadline.abort();
    await ticking;
  }

  async #resyncUntil(signal: AbortSignal): Promise<void> {
    if (this.#resync === undefined) return;
    const { everyMs, keys } = this.#resync;
    while (!signal.aborted) {
      await pause(everyMs, signal, this.#clock);
      if (signal.aborted) return;
      // One that waits for an earlier time keeps it.
      for (const key of keys()) this.#queue.add(key, 1 + (Math.random() * everyMs) / 10);
    }
  }

  async #work(hard: AbortSignal): Promise<void> {
    for (;;) {
      const key = await this.#queue.get();
      if (key === undefined) return;
      this.#metrics.activeWorkers.set({ controller: this.#name }, ++this.#busy);
      await this.#one(key, hard);
      this.#queue.done(key);
      this.#metrics.activeWorkers.set({ controller: this.#name }, --this.#busy);
    }
  }

  /** Never throws. */
  async #one(key: string, hard: AbortSignal): Promise<void> {
    const { controller, release } = followedBy(hard);
    const cancel = this.#clock.after(this.#timeoutMs, () =>
      controller.abort(new Error(`Reconciliation of ${key} took more than ${this.#timeoutMs} ms`)),
    );
    const start = this.#clock.now();
    const about = { 'reconcile.key': key, 'reconcile.queue_ms': this.#queue.waitedMs(key) };
    try {
      await asTrace(`reconcile ${this.#name}`, about, () => this.#attempt(key, controller.signal, hard));
    } finally {
      cancel();
      release();
      this.#metrics.reconcileSeconds.observe({ controller: this.#name }, (this.#clock.now() - start) / 1_000);
    }
  }

  /** Never throws. */
  async #attempt(key: string, signal: AbortSignal, hard: AbortSignal): Promise<void> {
    try {
      const result = await inFlow(key, () => this.#reconcile(key, signal));
      const requeueAfterMs = result?.requeueAfterMs;
      this.#queue.forget(key);
      if (requeueAfterMs !== undefined) this.#queue.add(key, Math.max(1, requeueAfterMs));
      tellSpan({ 'reconcile.requeue_after_ms': requeueAfterMs });
      this.#count(requeueAfterMs === undefined ? 'success' : 'requeue_after');
    } catch (error) {
      failSpan(error);
      // The process is ending: this is not the reconciler's failure.
      if (!hard.aborted) this.#fail(key, error);
    }
  }

  #fail(key: string, error: unknown): void {
    const controller = this.#name;
    this.#count('error');
    this.#metrics.reconcileErrors.inc({ controller });
    if (isProgrammingError(error)) this.#metrics.panics.inc({ controller });
    if (error instanceof TerminalError) {
      this.#metrics.terminalErrors.inc({ controller });
      this.#queue.forget(key);
      this.#log.error('Reconciliation failed for good', { key, error });
      return;
    }
    this.#queue.retry(key);
    this.#log.error('Reconciliation failed, will be tried again', { key, error });
  }

  #count(result: string): void {
    tellSpan({ 'reconcile.result': result });
    this.#metrics.reconciles.inc({ controller: this.#name, result });
  }
}

function isProgrammingError(error: unknown): boolean {
  return error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
}
