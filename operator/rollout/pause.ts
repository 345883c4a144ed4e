import { milliseconds } from '../api/duration.ts';
import type { Candidate } from './candidate.ts';
import { type Draft, lookAgain, note } from './draft.ts';
import type { RevisionView } from './state.ts';
import { weightAt } from './weights.ts';

/** Whether the watched pause has ended with a verdict that lets the release go on. */
export function pauseOver(draft: Draft, candidate: Candidate, view: RevisionView, lengthMs: number): boolean {
  const { input, decision } = draft;
  const { analysis } = input.policy.canary;
  const end = Date.parse(candidate.stepStartedAt ?? candidate.startedAt) + lengthMs;
  const endsIn = end - input.now;
  const latest = candidate.measurements?.at(-1);
  const figures = latest ? latest.message : 'not measured yet';
  const place = `Canary ${view.image} at ${candidate.weight} %, step ${candidate.step + 1} of ${candidate.steps}`;
  lookAgain(draft, Math.min(Math.max(endsIn, 0) || Infinity, milliseconds(analysis.interval)));
  if (endsIn > 0) {
    // A moment, not a remainder: a text that changes by itself would be written again at every look.
    const until = new Date(end).toISOString().slice(11, 19);
    decision.summary = `${place}: watched until ${until} UTC; ${figures}`;
    return false;
  }
  // Nobody can judge a candidate that gets no requests by the steps' own word: such a pause is only time.
  if (weightAt(input.policy.canary.steps, candidate.step) === 0) return true;
  if (latest?.verdict === 'pass') return true;
  if (latest?.verdict === 'inconclusive' && analysis.onInsufficientData === 'continue') {
    note(
      draft,
      'Normal',
      'InsufficientData',
      `${view.image}: ${figures}; analysis.onInsufficientData says continue`,
    );
    return true;
  }
  decision.summary = `${place}: waits for a verdict; ${figures}`;
  return false;
}
