import { freeze, frozenMessage, isFrozen, mayReturnTo } from './barrier.ts';
import type { Candidate } from './candidate.ts';
import { type Draft, identity, iso, note, readiness, stableView, waitForRoute } from './draft.ts';
import { shareNow, sharesByPods } from './sharing.ts';
import { serverOf } from './stable.ts';
import type { RevisionView } from './state.ts';
import { podsFor, share, split } from './weights.ts';

/**
 * A frozen candidate keeps its weight and the pods for it, however the environment is scaled; only without a ready pod it
 * gets no requests. Nothing but a person ends that.
 */
export function hold(draft: Draft, candidate: Candidate, view: RevisionView): void {
  const { decision, input } = draft;
  const stable = stableView(draft);
  const have = input.route?.weights[view.revision] ?? 0;
  const weight = Math.max(have, view.ready === 0 ? 0 : candidate.weight);
  // Of pods that share, the number itself is the weight: what was there is kept.
  const isShare = sharesByPods(draft) && have > 0 && have < 100;
  const needed = isShare ? Math.max(candidate.replicas, 1) : podsFor(weight, input.replicas);
  candidate.replicas = needed;
  decision.replicas[stable.revision] = givesPods(draft)
    ? Math.max(
        stable.replicas ?? 0,
        isShare ? input.replicas - needed : podsFor(100 - weight, input.replicas),
      )
    : input.replicas;
  if (input.route?.extra && view.ready > 0) decision.extra = input.route.extra;
  const keeps = isShare || (sharesByPods(draft) && input.route?.confirmed !== true);
  decision.replicas[view.revision] = keeps ? Math.max(needed, view.replicas ?? 0) : needed;
  const server = serverOf(draft, stable);
  const { target } = shareNow(draft, {
    pair: [server, view.revision],
    target: share(draft, { weight, needed, have, view, stable }),
  });
  decision.weights = split(server, view.revision, target);
  const message = frozenMessage(candidate);
  decision.summary = view.ready < needed ? `${message}; ${readiness(view, needed)}` : message;
  decision.blocked = { reason: 'Frozen', message };
  waitForRoute(draft);
}

/** Whether the stable release gives up pods as the candidate takes over. */
function givesPods({ input }: Draft): boolean {
  const { strategy, canary } = input.policy;
  return strategy === 'rolling' || (strategy === 'canary' && canary.dynamicStableScale);
}

/**
 * Refuses the release that is asked for when it cannot serve with the schema as it is now: it is remembered like one that was
 * rolled back. A candidate that the way back leads over is frozen.
 */
export function refuseReturn(draft: Draft): void {
  const { memory, input } = draft;
  const { candidate, stable, rejected } = memory;
  const { desired } = input;
  if (!stable || candidate?.revision === desired || rejected?.revision === desired) return;
  if (desired === stable.revision && !candidate) return;
  const why = mayReturnTo(draft, desired);
  if (why === undefined) return;
  const view = draft.views.get(desired);
  if (desired !== stable.revision && view) {
    const message = why.slice(0, 1024);
    memory.rejected = { ...identity(view), reason: RETURN_REFUSED, message, at: iso(draft) };
    note(draft, 'Warning', RETURN_REFUSED, `${view.image} is not released: ${why}`);
  }
  if (candidate && isFrozen(draft, candidate)) freeze(draft, candidate, RETURN_REFUSED, why);
}

/** Whether a frozen candidate stays, although the spec asks for something that it cannot give way to. */
export function isHeld({ memory, input }: Draft): boolean {
  const { candidate, stable, rejected } = memory;
  if (!candidate?.frozen || candidate.revision === input.desired) return false;
  return input.desired === stable?.revision || input.desired === rejected?.revision;
}

const RETURN_REFUSED = 'ReturnRefused';
