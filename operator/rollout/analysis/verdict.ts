import type { AnalysisRun, MetricRun } from '../../api/status.ts';
import type { AnalysisPolicy, MetricPolicy } from './policy.ts';
import { dueIn } from './run.ts';

/** How an analysis stands. */
export interface Standing {
  /** pass: as far as it was measured; an analysis without an end goes on after it. */
  readonly verdict: 'running' | 'pass' | 'fail' | 'inconclusive' | 'error';
  readonly message: string;
  /** Nothing that is measured later changes it. */
  readonly isFinal: boolean;
  /** It is what the policy says of too few requests, not what was measured. */
  readonly isInsufficient?: true;
  /** When time alone can change it. */
  readonly againInMs: number;
}

/**
 * How the run stands at `now`; both times in milliseconds since 1970. A verdict is expected since `expectedSince`: from then
 * on too few requests are waited for until the policy's limit. Pure.
 */
export function verdictOf(
  run: AnalysisRun,
  policy: AnalysisPolicy,
  now: number,
  expectedSince = Date.parse(run.startedAt),
): Standing {
  const counting = policy.metrics.filter(({ dryRun }) => !dryRun);
  const stands = counting.map((metric) => metricStands(metric, run));
  const message = stands.map(({ text }) => text).join('; ') || 'no metric decides';
  const dues = policy.metrics.flatMap((metric) => dueIn(run, metric, now) ?? []).filter((ms) => ms > 0);
  const limit = expectedSince + policy.insufficientDataLimitMs - now;
  const next = Math.min(...dues, limit > 0 ? limit : Number.POSITIVE_INFINITY);
  const standing = (verdict: Standing['verdict'], text = message, isFinal = false): Standing => ({
    verdict,
    message: text,
    isFinal,
    againInMs: isFinal ? Number.POSITIVE_INFINITY : next,
  });
  // Where nothing is measured without end, a pass is the end.
  const isOver = policy.metrics.every(({ count }) => count !== undefined);
  const worst = (state: State) => stands.find((stand) => stand.state === state);

  if (run.verdict) return standing(run.verdict, run.message, true);
  for (const verdict of ['fail', 'error', 'inconclusive'] as const) {
    const decisive = worst(verdict);
    if (decisive) return standing(verdict, decisive.text, true);
  }
  const isUnseen = policy.metrics.some(({ name }) => !run.metrics.some((known) => known.name === name));
  if (worst('open') || isUnseen) return standing('running');
  if (worst('insufficient')) {
    if (limit > 0) return standing('running');
    const verdict = policy.onInsufficientData === 'continue' ? 'pass' : 'inconclusive';
    return { ...standing(verdict, message, verdict === 'pass' && isOver), isInsufficient: true };
  }
  return standing('pass', message, isOver);
}

type State = 'fail' | 'error' | 'inconclusive' | 'open' | 'insufficient' | 'pass';

function metricStands(metric: MetricPolicy, run: AnalysisRun): { state: State; text: string } {
  const known = run.metrics.find(({ name }) => name === metric.name);
  return { state: known ? stateOf(metric, known) : 'open', text: known?.message ?? 'not measured yet' };
}

function stateOf(metric: MetricPolicy, known: MetricRun): State {
  if (known.failures > metric.failureLimit) return 'fail';
  if (known.errors > metric.consecutiveErrorLimit) return 'error';
  if (known.inconclusive > metric.inconclusiveLimit) return 'inconclusive';
  if (known.count >= (metric.count ?? 1)) {
    // A failure within the limit is none; the rest of the verdicts have to be had.
    if (known.verdict === 'pass' || known.verdict === 'fail') return 'pass';
    if (metric.count !== undefined) return 'pass';
  }
  return known.verdict === 'inconclusive' && known.sample ? 'insufficient' : 'open';
}
