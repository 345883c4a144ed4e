import { type Candidate, deadlineOf, expired, titleOf } from './candidate.ts';
import { type Draft, iso, lookAgain, readiness, routed, waitForRoute } from './draft.ts';
import { promote, reject } from './endings.ts';
import { shareNow } from './sharing.ts';
import { serverOf } from './stable.ts';
import type { RevisionView, RolloutInput } from './state.ts';
import { absolute } from './steps.ts';
import { podsFor, split } from './weights.ts';

/** Pods beyond the size, and pods that may be missing from it. One of them is at least 1, or nothing could ever move. */
export function bounds(
  { maxSurge, maxUnavailable }: RolloutInput['policy']['rolling'],
  size: number,
): { surge: number; missing: number } {
  const surge = absolute(maxSurge, size, Math.ceil);
  const missing = absolute(maxUnavailable, size, Math.floor);
  return { surge: surge + missing === 0 ? 1 : surge, missing };
}

/**
 * Rolling: pods are replaced under maxSurge and maxUnavailable, and the weights follow the ready ones. The old pods that
 * go first are the unready ones: a Deployment takes those away first by itself.
 */
export function ramp(draft: Draft, candidate: Candidate, view: RevisionView, stable: RevisionView): void {
  const { input, decision } = draft;
  const size = Math.max(1, input.replicas);
  const { surge, missing } = bounds(input.policy.rolling, size);
  const old = stable.replicas ?? 0;
  const fresh = Math.min(view.ready, size);
  // As if those pods were missing that may be: the old ones that go next have no more to do then than those that stay.
  const work = Math.max(1, size - missing);
  const server = serverOf(draft, stable);
  const { target: goal, obstacle } = shareNow(draft, {
    pair: [server, view.revision],
    target: shareOf(fresh, Math.min(stable.ready, old), work),
  });
  decision.weights = split(server, view.revision, goal);
  const isRouted = routed(draft, decision.weights);

  const kept = Math.max(size - missing - fresh, goal === 100 ? 0 : podsFor(100 - goal, size - missing), 0);
  const pods = { size, most: size + surge, kept, old, fresh: view.replicas ?? 0 };
  const next = old < kept ? growOld(pods, isRouted && goal === 0) : replace(pods, isRouted);
  candidate.replicas = next.fresh;
  decision.replicas[view.revision] = next.fresh;
  decision.replicas[stable.revision] = next.old;

  if (fresh >= size && isRouted) {
    promote(draft, candidate, view);
    return;
  }
  decision.summary = `${titleOf(candidate)}: ${readiness(view, size)}, ${stable.ready} of ${stable.image}${obstacle ? `; ${obstacle}` : ''}`;
  waitForRoute(draft);
  if (candidate.heldSince !== undefined) {
    decision.replicas[view.revision] = view.replicas ?? 0;
    decision.replicas[stable.revision] = old;
    decision.summary += ': held, until somebody resumes it';
    delete candidate.waitingSince;
    return;
  }
  candidate.waitingSince ??= iso(draft);
  if (expired(draft, candidate))
    stop(draft, `${readiness(view, size)} after ${input.policy.progressDeadline}`);
  else lookAgain(draft, deadlineOf(draft, candidate) - input.now);
}

interface Pods {
  size: number;
  /** Pods of both that there may be. */
  most: number;
  /** Old pods that still have work to do. */
  kept: number;
  old: number;
  fresh: number;
}

/** New pods come as far as there is room, old ones go when the gateway knows that they have less to do. */
function replace({ size, most, kept, old, fresh }: Pods, isRouted: boolean): Pick<Pods, 'old' | 'fresh'> {
  return {
    old: isRouted ? Math.min(old, kept) : old,
    fresh: Math.min(size, Math.max(0, fresh, most - old)),
  };
}

/** The environment has grown, or was switched off: the work that the new pods cannot do yet is the old release's. */
function growOld({ size, most, kept, old, fresh }: Pods, isIdle: boolean): Pick<Pods, 'old' | 'fresh'> {
  return {
    old: Math.min(kept, Math.max(old, most - fresh)),
    // New pods without requests make room.
    fresh: isIdle ? Math.min(fresh, Math.max(0, most - kept)) : Math.min(size, fresh),
  };
}

/** Percentage of the requests for the new pods: their part of the work that the ready pods of both do. */
function shareOf(fresh: number, old: number, size: number): number {
  if (fresh === 0) return 0;
  if (old === 0) return 100;
  return Math.min(100, Math.ceil((100 * fresh) / Math.min(size, fresh + old)));
}

/** At its deadline it goes back, or stays where it is and says so. */
function stop(draft: Draft, why: string): void {
  if (draft.input.policy.rolling.autoRollback) {
    reject(draft, 'ProgressDeadlineExceeded', why);
    return;
  }
  const message = `${draft.decision.summary} (${why}); rollout.rolling.autoRollback is false: abort it, or release a better one`;
  draft.decision.blocked = { reason: 'ProgressDeadlineExceeded', message };
}
