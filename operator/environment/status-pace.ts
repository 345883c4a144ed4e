import type { EnvironmentStatus } from '../api/status.ts';
import { sameJson } from '../rollout/revision.ts';

/** So long may a sentence or a number of pods wait for the change that is likely to follow it. */
const UNHURRIED_MS = 2_000;

/**
 * When a status is written. A write costs the API server more than that of any other object, and costs every watcher:
 * what changes the outcome, what is remembered or what machines wait for is written at once, and what only tells people of
 * progress two seconds later, unless something else has been written by then.
 */
export class StatusPace {
  /** Since when an environment's status has something unhurried to say. */
  readonly #since = new Map<string, number>();

  /** How long the status `next` has to wait, in milliseconds; 0: it is to be written now, or says nothing new. */
  waitMs(key: string, before: EnvironmentStatus | undefined, next: EnvironmentStatus, now: number): number {
    if (!before || !sameJson(essenceOf(before), essenceOf(next)) || sameJson(before, next)) {
      this.#since.delete(key);
      return 0;
    }
    const since = this.#since.get(key) ?? now;
    const waitMs = Math.max(0, since + UNHURRIED_MS - now);
    if (waitMs === 0) this.#since.delete(key);
    else this.#since.set(key, since);
    return waitMs;
  }

  forget(key: string): void {
    this.#since.delete(key);
  }
}

/** A status without what only tells people how far something has come. */
function essenceOf(status: EnvironmentStatus): object {
  const { summary: _, waitingFor: __, components: ___, readyReplicas: ____, ...essence } = status;
  const { candidate, conditions = [] } = essence;
  return {
    ...essence,
    ...(candidate ? { candidate: { ...candidate, readyReplicas: 0, waitingSince: undefined } } : {}),
    conditions: conditions.map((condition) => ({ ...condition, message: '' })),
  };
}
