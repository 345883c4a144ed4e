import { type Clock, systemClock } from './clock.ts';
import { type Metrics, metrics as processMetrics } from './metrics.ts';
import { QueueMetrics } from './queue-metrics.ts';

/** What goes on failing is tried so often at least: whoever mends the cause sees it, and the alert OperatorErrors counts on it. */
export const LONGEST_RETRY_MS = 60_000;

export interface QueueOptions {
  name?: string;
  /** The wait after a key's first failure; doubled for each further one. */
  firstRetryMs?: number;
  /** The longest wait; LONGEST_RETRY_MS when left out. */
  lastRetryMs?: number;
  /** A key rests so long after it was worked on: what comes meanwhile is one piece of work. 0 when left out. */
  restMs?: number;
  clock?: Clock;
  metrics?: Metrics;
}

/**
 * Keys that are to be worked on, each at most once at a time.
 *
 * A key is in one of these states: unknown, waiting (for its time), ready (in line), working, and working with a
 * successor that waits or is due. Hence the guarantees:
 * - a key is never handed out again before `done` was called for it;
 * - a key added many times is handed out once, at the earliest of the times asked for;
 * - a key added while it is worked on is handed out again afterwards: no change is lost;
 * - a key that was worked on is handed out again after `restMs` at the earliest; one that was left alone, at once;
 * - ready keys are handed out in the order in which they became ready.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #firstRetryMs: number;
  readonly #lastRetryMs: number;
  readonly #restMs: number;
  readonly #metrics: QueueMetrics;
  readonly #waiting = new Map<string, { at: number; cancel: () => void }>();
  readonly #ready = new Line();
  readonly #working = new Map<string, number>();
  /** How long what is worked on was ready before, in milliseconds. */
  readonly #waited = new Map<string, number>();
  readonly #due = new Set<string>();
  readonly #failures = new Map<string, number>();
  /** Until when a key rests; the earliest first. */
  readonly #resting = new Map<string, number>();
  readonly #getters: ((key: string | undefined) => void)[] = [];
  #isShutDown = false;

  constructor(options: QueueOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#firstRetryMs = options.firstRetryMs ?? 5;
    this.#lastRetryMs = options.lastRetryMs ?? LONGEST_RETRY_MS;
    this.#restMs = options.restMs ?? 0;
    const metrics = options.metrics ?? processMetrics;
    this.#metrics = new QueueMetrics(options.name ?? 'queue', this.#clock, this.#working, metrics);
  }

  /** Keys that are ready and wait for a worker. */
  get depth(): number {
    return this.#ready.size;
  }

  /** Hands the key out after the delay, or earlier when it was asked for earlier. */
  add(key: string, delayMs = 0): void {
    if (this.#isShutDown || this.#ready.has(key) || this.#due.has(key)) return;
    const now = this.#clock.now();
    const at = Math.max(now + delayMs, this.#resting.get(key) ?? 0);
    if (at <= now) {
      this.#becomeReady(key);
      return;
    }
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined && waiting.at <= at) return;
    waiting?.cancel();
    const cancel = this.#clock.after(at - now, () => this.#becomeReady(key));
    this.#waiting.set(key, { at, cancel });
  }

  /** The next key, or undefined once the queue is shut down. Call `done` with it afterwards. */
  async get(): Promise<string | undefined> {
    if (this.#isShutDown) return undefined;
    const key = this.#ready.shift();
    if (key === undefined) return new Promise((resolve) => this.#getters.push(resolve));
    this.#start(key);
    return key;
  }

  /** For how many milliseconds this key was in line before the worker came that has it now. */
  waitedMs(key: string): number | undefined {
    return this.#waited.get(key);
  }

  /** The work on this key has ended; it may be handed out again. */
  done(key: string): void {
    if (!this.#working.has(key)) return;
    this.#metrics.finished(key);
    this.#working.delete(key);
    this.#waited.delete(key);
    this.#rest(key);
    if (this.#due.delete(key)) this.add(key);
  }

  /** Hands the key out again after a wait that doubles with each call since the last `forget`. */
  retry(key: string): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.#metrics.retried();
    this.add(key, Math.min(this.#lastRetryMs, this.#firstRetryMs * 2 ** failures));
  }

  /** The key's failures do not count any more. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Nothing is handed out any more, waiting `get`s return undefined, what is worked on may end in peace. */
  shutdown(): void {
    this.#isShutDown = true;
    for (const { cancel } of this.#waiting.values()) cancel();
    this.#waiting.clear();
    this.#ready.clear();
    this.#due.clear();
    this.#metrics.close();
    for (const resolve of this.#getters.splice(0)) resolve(undefined);
  }

  #rest(key: string): void {
    if (this.#restMs <= 0) return;
    const now = this.#clock.now();
    for (const [other, until] of this.#resting) {
      if (until > now) break;
      this.#resting.delete(other);
    }
    this.#resting.delete(key);
    this.#resting.set(key, now + this.#restMs);
  }

  #becomeReady(key: string): void {
    this.#waiting.get(key)?.cancel();
    this.#waiting.delete(key);
    if (this.#working.has(key)) {
      this.#due.add(key);
      return;
    }
    this.#metrics.added(key, this.#ready.size);
    const getter = this.#getters.shift();
    if (getter === undefined) {
      this.#ready.push(key);
      this.#metrics.depth(this.#ready.size);
      return;
    }
    this.#start(key);
    getter(key);
  }

  #start(key: string): void {
    this.#working.set(key, this.#clock.now());
    this.#waited.set(key, this.#metrics.started(key, this.#ready.size));
  }
}

/** First in, first out, each key once. An array with a moving head: a Set's first element gets slow to find. */
class Line {
  readonly #members = new Set<string>();
  #keys: string[] = [];
  #head = 0;

  get size(): number {
    return this.#members.size;
  }

  has(key: string): boolean {
    return this.#members.has(key);
  }

  push(key: string): void {
    this.#members.add(key);
    this.#keys.push(key);
  }

  shift(): string | undefined {
    const key = this.#keys[this.#head];
    if (key === undefined) return undefined;
    this.#head += 1;
    this.#members.delete(key);
    if (this.#head * 2 > this.#keys.length) {
      this.#keys = this.#keys.slice(this.#head);
      this.#head = 0;
    }
    return key;
  }

  clear(): void {
    this.#members.clear();
    this.#keys = [];
    this.#head = 0;
  }
}
