import { type Clock, systemClock } from './clock.ts';

export interface BackoffOptions {
  firstMs?: number;
  lastMs?: number;
  /** Health of this long forgets earlier failures. */
  resetAfterMs?: number;
  clock?: Clock;
  /** In [0, 1); spreads clients that failed at the same moment. */
  random?: () => number;
}

/**
 * Doubling waits with jitter: each wait lies between half of and the whole of its step, steps go from `firstMs`
 * (800) to `lastMs` (30,000), and start again from the first when nothing failed for `resetAfterMs` (120,000).
 */
export class Backoff {
  readonly #options: Required<BackoffOptions>;
  #failures = 0;
  #calmSince: number;

  constructor(options: BackoffOptions = {}) {
    this.#options = {
      firstMs: 800,
      lastMs: 30_000,
      resetAfterMs: 120_000,
      clock: systemClock,
      random: Math.random,
      ...options,
    };
    this.#calmSince = this.#options.clock.now();
  }

  /** How long to wait after one more failure, in milliseconds. */
  next(): number {
    const { firstMs, lastMs, resetAfterMs, clock, random } = this.#options;
    if (clock.now() - this.#calmSince >= resetAfterMs) this.#failures = 0;
    const step = Math.min(lastMs, firstMs * 2 ** this.#failures);
    this.#failures += 1;
    const wait = step * (0.5 + random() / 2);
    // The wait itself is not health.
    this.#calmSince = clock.now() + wait;
    return wait;
  }
}
