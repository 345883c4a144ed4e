import type { Totals } from './counters.ts';
import type { Durations } from './durations.ts';

const NO_DURATIONS: Durations = { count: 0, buckets: {} };
const NOTHING: Totals = { requests: 0, errors: 0, durations: NO_DURATIONS };

/** What each pod had counted when it was last looked at, so that what comes on top can be told. */
export class Baseline {
  readonly #known = new Map<string, Totals>();

  /**
   * What the pods have counted since the last call. A counter that is smaller than it was has begun anew, and all of it
   * is new. A pod that was not seen before counts from its birth when it was born after `since` (milliseconds since
   * 1970), else from now on: what it answered before is not this analysis's.
   */
  advance(totals: ReadonlyMap<string, Totals>, bornAt: ReadonlyMap<string, number>, since: number): Totals {
    let sum = NOTHING;
    for (const [uid, now] of totals) {
      const isNew = since === 0 || (bornAt.get(uid) ?? 0) > since;
      const before = this.#known.get(uid) ?? (isNew ? NOTHING : now);
      sum = added(sum, hasBegunAnew(now, before) ? now : difference(now, before));
      this.#known.set(uid, now);
    }
    const isTimed = [...totals.values()].every(({ durations }) => durations !== undefined);
    const { requests, errors } = sum;
    return isTimed ? sum : { requests, errors };
  }
}

function hasBegunAnew(now: Totals, before: Totals): boolean {
  return now.requests < before.requests || (now.durations?.count ?? 0) < (before.durations?.count ?? 0);
}

function added(a: Totals, b: Totals): Totals {
  return combined(a, b, (x, y) => x + y);
}

/** A part of the page may shrink without a restart, when a route is not counted any more: that is no negative number. */
function difference(now: Totals, before: Totals): Totals {
  return combined(now, before, (x, y) => Math.max(0, x - y));
}

function combined(a: Totals, b: Totals, by: (x: number, y: number) => number): Totals {
  const [times, others] = [a.durations ?? NO_DURATIONS, b.durations ?? NO_DURATIONS];
  const bounds = new Set([...Object.keys(times.buckets), ...Object.keys(others.buckets)]);
  return {
    requests: by(a.requests, b.requests),
    errors: by(a.errors, b.errors),
    durations: {
      count: by(times.count, others.count),
      buckets: Object.fromEntries(
        [...bounds].map((bound) => [bound, by(times.buckets[bound] ?? 0, others.buckets[bound] ?? 0)]),
      ),
    },
  };
}
