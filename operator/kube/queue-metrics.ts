import type { Clock } from './clock.ts';
import type { Metrics } from './metrics.ts';

/** The workqueue_* metrics of one queue. */
export class QueueMetrics {
  readonly #metrics: Metrics;
  readonly #labels: { name: string; controller: string };
  readonly #clock: Clock;
  readonly #working: ReadonlyMap<string, number>;
  readonly #readySince = new Map<string, number>();

  constructor(name: string, clock: Clock, working: ReadonlyMap<string, number>, metrics: Metrics) {
    this.#metrics = metrics;
    this.#labels = { name, controller: name };
    this.#clock = clock;
    this.#working = working;
    metrics.workInProgress.add(this.#measureUnfinished);
    // A counter that was never touched is not exported.
    for (const counter of [metrics.adds, metrics.retries]) counter.inc(this.#labels, 0);
    this.depth(0);
  }

  added(key: string, depth: number): void {
    this.#metrics.adds.inc(this.#labels);
    this.#readySince.set(key, this.#clock.now());
    this.depth(depth);
  }

  depth(depth: number): void {
    this.#metrics.depth.set(this.#labels, depth);
  }

  /** Returns how many milliseconds it was ready. */
  started(key: string, depth: number): number {
    const since = this.#readySince.get(key);
    this.#readySince.delete(key);
    const waitedMs = since === undefined ? 0 : this.#clock.now() - since;
    if (since !== undefined) this.#metrics.queueSeconds.observe(this.#labels, waitedMs / 1_000);
    this.depth(depth);
    return waitedMs;
  }

  finished(key: string): void {
    const since = this.#working.get(key);
    if (since !== undefined)
      this.#metrics.workSeconds.observe(this.#labels, (this.#clock.now() - since) / 1_000);
  }

  retried(): void {
    this.#metrics.retries.inc(this.#labels);
  }

  /** Nobody works any more: drops what would be measured. */
  close(): void {
    this.#metrics.workInProgress.delete(this.#measureUnfinished);
    this.#readySince.clear();
    this.depth(0);
  }

  readonly #measureUnfinished = (): void => {
    const now = this.#clock.now();
    let sum = 0;
    let longest = 0;
    for (const since of this.#working.values()) {
      const age = (now - since) / 1_000;
      sum += age;
      longest = Math.max(longest, age);
    }
    this.#metrics.unfinishedSeconds.set(this.#labels, sum);
    this.#metrics.longestSeconds.set(this.#labels, longest);
  };
}
