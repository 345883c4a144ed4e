import { analyse } from './analysis/candidate.ts';
import { BACKGROUND } from './analysis/policy.ts';
import type { Candidate } from './candidate.ts';
import type { Draft } from './draft.ts';
import { reject } from './endings.ts';

/** Judges the candidate while it gets requests. True when that was its end. */
export function failedInBackground(draft: Draft, candidate: Candidate): boolean {
  const isRunning = candidate.analyses?.some(({ id }) => id === BACKGROUND);
  const { startingStep } = draft.input.policy.canary.analysis;
  if (!isRunning && (candidate.weight === 0 || candidate.step < startingStep)) return false;
  const standing = analyse(draft, candidate, BACKGROUND);
  if (standing?.verdict === 'fail') reject(draft, 'AnalysisFailed', standing.message);
  else if (standing?.verdict === 'error') reject(draft, 'AnalysisError', standing.message);
  else return false;
  return true;
}
