import type { AnalysisRun, Measurement, Verdict } from '../../api/status.ts';
import type { Candidate } from '../candidate.ts';
import { type Draft, iso, lookAgain, note } from '../draft.ts';
import type { Measured } from './measured.ts';
import { BACKGROUND, policyOf } from './policy.ts';
import { beginRun, fold } from './run.ts';
import { type Standing, verdictOf } from './verdict.ts';

/** As many as status can name; the background's stays. */
const MOST_RUNS = 4;
const MOST_LOOKS = 10;

/** What was measured since the last look goes into the candidate's runs. */
export function foldMeasured(draft: Draft): void {
  const { candidate } = draft.memory;
  if (!candidate?.analyses) return;
  const { measured } = draft.input;
  const analyses = candidate.analyses.map((run) => {
    const policy = policyOf(draft.input.policy, run.id);
    return policy ? measured.reduce((folded, one) => fold(folded, policy, one), run) : run;
  });
  const looks = analyses.flatMap((run, i) => looksOf(run, candidate.analyses?.[i], measured));
  draft.memory.candidate = {
    ...candidate,
    analyses,
    ...(looks.length === 0
      ? {}
      : { measurements: [...(candidate.measurements ?? []), ...looks].slice(-MOST_LOOKS) }),
  };
  for (const [i, run] of analyses.entries()) sayErrors(draft, run, candidate.analyses[i]);
}

/**
 * How this analysis of the candidate stands; it begins with the first call. Its end is kept, said in an Event, and stays
 * as it is.
 */
export function analyse(
  draft: Draft,
  candidate: Candidate,
  id: string,
  expectedSince?: number,
): Standing | undefined {
  const policy = policyOf(draft.input.policy, id);
  if (!policy) return undefined;
  const run = candidate.analyses?.find((one) => one.id === id) ?? beginRun(id, iso(draft));
  const standing = verdictOf(run, policy, draft.input.now, expectedSince);
  keep(candidate, ended(draft, run, standing));
  lookAgain(draft, standing.againInMs);
  return standing;
}

function ended(draft: Draft, run: AnalysisRun, { verdict, message, isFinal }: Standing): AnalysisRun {
  const text = message.slice(0, 1024);
  if (run.verdict || !isFinal || verdict === 'running') return { ...run, message: text };
  const { image } = draft.memory.candidate as Candidate;
  note(draft, verdict === 'pass' ? 'Normal' : 'Warning', ENDS[verdict], `${image}, ${run.id}: ${message}`);
  return { ...run, verdict, message: text, finishedAt: iso(draft) };
}

const ENDS: Record<Verdict, string> = {
  pass: 'AnalysisPassed',
  fail: 'AnalysisFailed',
  inconclusive: 'AnalysisInconclusive',
  error: 'AnalysisError',
};

/** The oldest that has ended makes room. */
function keep(candidate: Candidate, run: AnalysisRun): void {
  const known = candidate.analyses ?? [];
  if (known.some(({ id }) => id === run.id)) {
    candidate.analyses = known.map((one) => (one.id === run.id ? run : one));
    return;
  }
  const idle = known.length < MOST_RUNS ? undefined : known.find(({ id }) => id !== BACKGROUND);
  candidate.analyses = [...known.filter((one) => one !== idle), run];
}

/** The first of a row of errors is worth an Event; what comes of it, too, and is said when it comes. */
function sayErrors(draft: Draft, run: AnalysisRun, before: AnalysisRun | undefined): void {
  const limits = policyOf(draft.input.policy, run.id);
  for (const { name, errors, message } of run.metrics) {
    const known = before?.metrics.find((metric) => metric.name === name)?.errors ?? 0;
    const limit = limits?.metrics.find((metric) => metric.name === name)?.consecutiveErrorLimit;
    if (errors !== 1 || known !== 0 || limit === undefined) continue;
    const retried = `it is tried again, and does not count as the release's failure before ${limit + 1} errors in a row`;
    note(draft, 'Warning', 'MeasurementFailed', `${name} could not be measured: ${message}; ${retried}`);
  }
}

const ORDER: readonly Verdict[] = ['fail', 'error', 'inconclusive', 'pass'];

/** The measurements of one moment as one look, for people. */
function looksOf(
  run: AnalysisRun,
  before: AnalysisRun | undefined,
  measured: readonly Measured[],
): Measurement[] {
  const times = new Set(measured.filter((one) => one.run === run.id).map(({ at }) => at));
  return [...times].sort().flatMap((at) => {
    const fresh = run.metrics.filter(
      (metric) =>
        metric.at === at && before?.metrics.find(({ name }) => name === metric.name)?.at !== metric.at,
    );
    const verdict = ORDER.find((one) => fresh.some((metric) => metric.verdict === one));
    if (!verdict) return [];
    const counted = fresh.find(({ sample }) => sample)?.sample;
    return [
      {
        at,
        verdict,
        requests: Math.round(counted?.requests ?? 0),
        errors: Math.round(counted?.bad ?? 0),
        message: fresh
          .map(({ message }) => message)
          .join('; ')
          .slice(0, 1024),
      },
    ];
  });
}
