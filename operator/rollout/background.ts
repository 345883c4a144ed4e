import { analyse } from './analysis/candidate.ts';
import { BACKGROUND } from './analysis/policy.ts';
import type { Standing } from './analysis/verdict.ts';
import type { Candidate } from './candidate.ts';
import type { Draft } from './draft.ts';
import { reject } from './endings.ts';

/** How the analysis beside the steps stands; undefined before its step, and before there is a request to judge. */
export function inBackground(
  draft: Draft,
  candidate: Candidate,
  expectedSince?: number,
): Standing | undefined {
  const isRunning = candidate.analyses?.some(({ id }) => id === BACKGROUND);
  const { startingStep } = draft.input.policy.canary.analysis;
  const isEarly = candidate.weight === 0 || candidate.step < startingStep;
  return isEarly && !isRunning ? undefined : analyse(draft, candidate, BACKGROUND, expectedSince);
}

/** Judges the candidate while it gets requests. True when that was its end. */
export function failedInBackground(draft: Draft, candidate: Candidate): boolean {
  const standing = inBackground(draft, candidate);
  if (standing?.verdict === 'fail') reject(draft, 'AnalysisFailed', standing.message);
  else if (standing?.verdict === 'error') reject(draft, 'AnalysisError', standing.message);
  else return false;
  return true;
}
