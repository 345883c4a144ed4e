import type { Totals } from './counters.ts';

const NOTHING: Totals = { requests: 0, errors: 0 };

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
      sum = added(sum, now.requests < before.requests ? now : difference(now, before));
      this.#known.set(uid, now);
    }
    return sum;
  }
}

function added(a: Totals, b: Totals): Totals {
  return { requests: a.requests + b.requests, errors: a.errors + b.errors };
}

/** A part of the page may shrink without a restart, when a route is not counted any more: that is no negative number. */
function difference(now: Totals, before: Totals): Totals {
  return {
    requests: now.requests - before.requests,
    errors: Math.max(0, now.errors - before.errors),
  };
}
