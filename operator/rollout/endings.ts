import { milliseconds } from '../api/duration.ts';
import { freeze, isFrozen } from './barrier.ts';
import type { Candidate } from './candidate.ts';
import { type Draft, identity, iso, lookAgain, note } from './draft.ts';
import { recordPromotion } from './history.ts';
import { sharesByPods } from './sharing.ts';
import { serveStable } from './stable.ts';
import type { RevisionView } from './state.ts';

/** The candidate is stable from here on; the pods of the release before it go after their delay. */
export function promote(draft: Draft, candidate: Candidate, view: RevisionView): void {
  const { memory, decision, input } = draft;
  const old = memory.stable;
  recordPromotion(draft, view, old);
  memory.stable = { ...identity(view), since: iso(draft) };
  delete memory.candidate;
  // What was for the candidate alone is over with the trial.
  delete decision.extra;
  if (old) memory.retired = [...(memory.retired ?? []), { revision: old.revision, since: iso(draft) }];
  decision.summary = `${view.image} serves`;
  // The old release's pods are removed later: there is still something to do.
  decision.progressing = true;
  if (old) delete decision.replicas[old.revision];
  const judged = candidate.measurements?.at(-1)?.message;
  note(draft, 'Normal', 'Promoted', `${view.image} gets all requests${judged ? `: ${judged}` : ''}`);
  lookAgain(draft, milliseconds(input.policy.scaleDownDelay));
}

/**
 * Back to the stable release at once: the weight goes before anything else, and no pod has to start for it. One that must not
 * be left alone with the schema is frozen instead.
 */
export function reject(draft: Draft, reason: string, why: string): void {
  const candidate = draft.memory.candidate as Candidate;
  if (isFrozen(draft, candidate)) {
    freeze(draft, candidate, reason, why);
    return;
  }
  dismiss(draft, reason, why);
  delete draft.decision.extra;
  serveStable(draft);
  draft.decision.progressing = true;
}

/** The candidate is not tried any more, until its inputs change or a retry is asked for. */
export function dismiss(draft: Draft, reason: string, why: string): void {
  const candidate = draft.memory.candidate as Candidate;
  const { revision, number, image } = candidate;
  note(draft, 'Warning', 'RolledBack', `${image} is rolled back (${reason}): ${why}`);
  draft.memory.rejected = { revision, number, image, reason, message: why.slice(0, 1024), at: iso(draft) };
  const had = Math.max(candidate.weight, draft.input.route?.weights[revision] ?? 0);
  leave(draft, candidate, sharesByPods(draft) && had > 0);
}

/** Nobody asks for the candidate any more: no verdict, and nothing that has to be remembered. */
export function withdraw(draft: Draft, candidate: Candidate, why: string): void {
  note(draft, 'Normal', 'ReleaseWithdrawn', `${candidate.image} is withdrawn: ${why}`);
  leave(draft, candidate);
}

/** `connected`: clients hold connections to its pods, which no selector ends. */
function leave(draft: Draft, candidate: Candidate, connected = false): void {
  const { memory, decision } = draft;
  delete memory.candidate;
  delete decision.replicas[candidate.revision];
  const { revision } = candidate;
  const left = {
    revision,
    since: iso(draft),
    ...(gaveUpPods(draft) ? { gradual: true } : {}),
    ...(connected ? { connected } : {}),
  };
  memory.retired = [...(memory.retired ?? []), left];
}

/** Whether the stable release has fewer pods than it needs because the candidate has taken over its work. */
function gaveUpPods({ input, memory, views }: Draft): boolean {
  const { strategy, canary } = input.policy;
  const gives = strategy === 'rolling' || (strategy === 'canary' && canary.dynamicStableScale);
  const pods = views.get(memory.stable?.revision ?? '')?.replicas ?? 0;
  return gives && pods > 0 && pods < input.replicas;
}
