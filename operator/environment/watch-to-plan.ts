import { Histogram, type Registry } from 'prom-client';

const BUCKETS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0015, 0.002, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05,
  0.075, 0.1, 0.15, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 7.5, 10, 15, 25, 50, 75, 100, 150, 250, 500, 1000,
];

/**
 * How long an environment waits for a plan that takes into account what the watches told of it: from the first event
 * that no plan has seen yet until the plan is made. The time in the queue is part of it, that of the writes is not.
 */
export class WatchToPlan {
  readonly #arrivals = new Map<string, number>();
  readonly #seconds: Histogram;

  constructor(registry: Registry) {
    this.#seconds = new Histogram({
      name: 'cryptosense_watch_to_plan_seconds',
      help: 'From the first watch event of an environment to the plan that took it into account.',
      buckets: BUCKETS,
      registers: [registry],
    });
  }

  /** Something was told of the environment with this key. */
  arrived(key: string): void {
    if (!this.#arrivals.has(key)) this.#arrivals.set(key, performance.now());
  }

  /** A plan begins: what comes from now on is for the next one. `planned` of the answer ends the measurement. */
  taken(key: string): { planned: () => void } {
    const at = this.#arrivals.get(key);
    this.#arrivals.delete(key);
    return {
      planned: () => {
        if (at !== undefined) this.#seconds.observe((performance.now() - at) / 1_000);
      },
    };
  }
}
