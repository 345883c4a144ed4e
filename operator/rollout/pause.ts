import { analyse } from './analysis/candidate.ts';
import { BACKGROUND } from './analysis/policy.ts';
import { type Candidate, targetOf, titleOf } from './candidate.ts';
import { type Draft, lookAgain, note } from './draft.ts';

/** Whether the watched pause has ended with a verdict that lets the release go on; one of Infinity ends by promotion. */
export function pauseOver(draft: Draft, candidate: Candidate, weight: number, lengthMs: number): boolean {
  const { input, decision } = draft;
  const end = Date.parse(candidate.stepStartedAt ?? candidate.startedAt) + lengthMs;
  const endsIn = end - input.now;
  const place = `${titleOf(candidate)} at ${candidate.weight} %, step ${candidate.step + 1} of ${candidate.steps}`;
  const figures = candidate.measurements?.at(-1)?.message ?? 'not measured yet';
  if (endsIn === Infinity) {
    decision.summary = `${place}: waits until somebody promotes it (cryptosense.io/promote: ${targetOf(candidate)})${weight > 0 ? `; ${figures}` : ''}`;
    return false;
  }
  if (endsIn > 0) {
    lookAgain(draft, endsIn);
    // A moment, not a remainder: a text that changes by itself would be written again at every look.
    const until = new Date(end).toISOString().slice(11, 19);
    decision.summary = `${place}: watched until ${until} UTC; ${figures}`;
    return false;
  }
  // Nobody can judge a candidate that gets no requests by the steps' own word: such a pause is only time.
  if (weight === 0) return true;
  const standing = analyse(draft, candidate, BACKGROUND, end);
  if (!standing) return true;
  const { verdict, isFinal, isInsufficient, message } = standing;
  if (verdict === 'pass') {
    if (isInsufficient) {
      const why = `${message}; analysis.onInsufficientData says continue`;
      note(draft, 'Normal', 'InsufficientData', `${candidate.image}: ${why}`);
    }
    return true;
  }
  const isPaused = verdict === 'inconclusive' && isFinal;
  decision.summary = isPaused
    ? `${place}: paused, for the analysis is inconclusive; ${message}`
    : `${place}: waits for a verdict; ${message}`;
  return false;
}
