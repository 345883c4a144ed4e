import type { Clock } from '../../../operator/kube/clock.ts';

/** A clock that stands still until it is moved; callbacks run in the order of their times, then of their making. */
export class FakeClock implements Clock {
  #now = 0;
  #next = 0;
  readonly #timers = new Map<number, { at: number; callback: () => void }>();

  now(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): () => void {
    const id = this.#next++;
    this.#timers.set(id, { at: this.#now + Math.max(0, delayMs), callback });
    return () => this.#timers.delete(id);
  }

  /** When the next callback is due. */
  get nextAt(): number | undefined {
    return this.#earliest()?.[1].at;
  }

  /** Moves on and calls what is due on the way. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const timer = this.#earliest();
      if (timer === undefined || timer[1].at > end) break;
      this.#timers.delete(timer[0]);
      this.#now = Math.max(this.#now, timer[1].at);
      timer[1].callback();
    }
    this.#now = end;
  }

  /** Time passes and nothing runs: a process that was frozen. */
  freeze(ms: number): void {
    this.#now += ms;
  }

  #earliest(): [number, { at: number; callback: () => void }] | undefined {
    return [...this.#timers].sort(([a, x], [b, y]) => x.at - y.at || a - b)[0];
  }
}
