import { analyse } from './analysis/candidate.ts';
import { inBackground } from './background.ts';
import { type Candidate, targetOf, titleOf } from './candidate.ts';
import { type Draft, lookAgain, note } from './draft.ts';
import { reject } from './endings.ts';

/** Whether the watched pause has ended with a verdict that lets the release go on; one of Infinity ends by promotion. */
export function pauseOver(draft: Draft, candidate: Candidate, weight: number, lengthMs: number): boolean {
  const { input, decision } = draft;
  const end = Date.parse(candidate.stepStartedAt ?? candidate.startedAt) + lengthMs;
  const endsIn = end - input.now;
  const place = placeOf(candidate);
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
  const standing = inBackground(draft, candidate, end);
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

/** Whether the analysis that is the step has ended well. A failure is the candidate's end. */
export function analysed(draft: Draft, candidate: Candidate, id: string): boolean {
  const standing = analyse(draft, candidate, id);
  if (!standing || (standing.verdict === 'pass' && standing.isFinal)) return true;
  const { verdict, message, isFinal } = standing;
  if (verdict === 'fail' || verdict === 'error') {
    reject(draft, verdict === 'fail' ? 'AnalysisFailed' : 'AnalysisError', message);
    return false;
  }
  const isPaused = verdict === 'inconclusive' && isFinal;
  draft.decision.summary = isPaused
    ? `${placeOf(candidate)}: paused, for the analysis is inconclusive; ${message}`
    : `${placeOf(candidate)}: is analysed; ${message}`;
  return false;
}

function placeOf(candidate: Candidate): string {
  return `${titleOf(candidate)} at ${candidate.weight} %, step ${candidate.step + 1} of ${candidate.steps}`;
}
