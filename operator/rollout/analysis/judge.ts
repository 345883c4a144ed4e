import type { Sample, Verdict } from '../../api/status.ts';
import { evidenceAfter, SIGNIFICANT } from './evidence.ts';
import type { Counts, Outcome } from './measured.ts';
import type { MetricPolicy } from './policy.ts';

/** What one measurement says, and the figures that it leaves. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly message: string;
  /** Nothing is wrong but that there are too few requests yet. */
  readonly isInsufficient?: true;
  readonly sample?: Sample;
}

/**
 * One of four verdicts, never mixed: a provider's error is not the release's failure, and too few requests are
 * neither success nor failure. Pure; `before` is what was counted until now.
 */
export function judge(metric: MetricPolicy, before: Sample | undefined, outcome: Outcome): Judgement {
  switch (outcome.type) {
    case 'problem':
      return { verdict: 'error', message: outcome.why };
    case 'nothing':
      return { verdict: 'inconclusive', message: outcome.why };
    case 'result':
      return { verdict: outcome.passed ? 'pass' : 'fail', message: outcome.message };
    case 'value':
      return judgeValue(metric, outcome.value);
    case 'counts': {
      const sample = summed(metric, before, outcome.candidate, outcome.stable);
      return { ...judgeSample(metric, sample), sample };
    }
  }
}

function judgeValue({ limits: { min, max } }: MetricPolicy, value: number): Judgement {
  if (!Number.isFinite(value)) return { verdict: 'inconclusive', message: `the value is ${value}` };
  const isLow = min !== undefined && value < min;
  const isHigh = max !== undefined && value > max;
  const range = [
    min === undefined ? [] : `at least ${min}`,
    max === undefined ? [] : `at most ${max}`,
  ].flat();
  const verdict = isLow || isHigh ? 'fail' : 'pass';
  return { verdict, message: `${rounded(value)} (${range.join(' and ')} passes)` };
}

/** Fixed limits are looked at first: they need no second release. */
function judgeSample(metric: MetricPolicy, sample: Sample): Judgement {
  const absolute = judgeShare(metric, sample);
  if (!metric.comparison || absolute.verdict === 'fail') return absolute;
  const compared = judgeComparison(metric, metric.comparison.tolerance, sample);
  if (compared.verdict === 'fail') return compared;
  const { verdict, isInsufficient } = absolute.verdict === 'pass' ? compared : absolute;
  const message = `${absolute.message}; ${compared.message}`;
  return { verdict, message, ...(isInsufficient ? { isInsufficient } : {}) };
}

function judgeShare(metric: MetricPolicy, { requests, bad }: Counts): Judgement {
  const ratio = shareOf(bad, requests);
  const limit = metric.limits.max ?? 1;
  const shown = metric.limits.max === undefined ? '' : `, limit ${percent(limit)}`;
  const figures = `${rounded(bad)} of ${requests} requests ${badness(metric)} (${percent(ratio)}${shown})`;
  if (requests < metric.minRequests) {
    // So many errors that even a faultless rest of the sample could not save the verdict: do not wait for it.
    if (bad / metric.minRequests > limit) return { verdict: 'fail', message: figures };
    const message = `${figures}: fewer than the ${metric.minRequests} requests that a verdict needs`;
    return { verdict: 'inconclusive', message, isInsufficient: true };
  }
  return { verdict: ratio > limit ? 'fail' : 'pass', message: figures };
}

function judgeComparison(metric: MetricPolicy, tolerance: number, sample: Sample): Judgement {
  const { stableRequests = 0, stableBad = 0, evidence = 0 } = sample;
  const stable = `${percent(shareOf(stableBad, stableRequests))} of the ${stableRequests} of the stable release in the same time`;
  const own = percent(shareOf(sample.bad, sample.requests));
  if (evidence >= SIGNIFICANT) {
    const message = `${own} of ${sample.requests} requests ${badness(metric)}, ${stable}: shown to be worse by more than ${percent(tolerance)}`;
    return { verdict: 'fail', message };
  }
  if (Math.min(sample.requests, stableRequests) < metric.minRequests) {
    const message = `${stable}: a comparison needs ${metric.minRequests} requests of each`;
    return { verdict: 'inconclusive', message, isInsufficient: true };
  }
  return { verdict: 'pass', message: `${stable}: not shown to be worse` };
}

function summed(
  metric: MetricPolicy,
  before: Sample = { requests: 0, bad: 0 },
  candidate: Counts,
  stable: Counts | undefined,
): Sample {
  const sum = { requests: before.requests + candidate.requests, bad: exact(before.bad + candidate.bad) };
  if (!metric.comparison || !stable) return { ...before, ...sum };
  return {
    ...sum,
    stableRequests: (before.stableRequests ?? 0) + stable.requests,
    stableBad: exact((before.stableBad ?? 0) + stable.bad),
    evidence: exact(evidenceAfter(before, { candidate, stable }, metric.comparison.tolerance)),
  };
}

function badness({ source }: MetricPolicy): string {
  const isSlow = source.type === 'pods' && source.measure === 'latency';
  return isSlow ? `took longer than ${source.seconds} s` : 'answered 5xx';
}

function shareOf(bad: number, requests: number): number {
  return requests === 0 ? 0 : bad / requests;
}

/** As status keeps it: sums of fractions would grow decimals for ever. */
function exact(value: number): number {
  return Number(value.toFixed(4));
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function percent(ratio: number): string {
  return `${Number((ratio * 100).toFixed(1))} %`;
}
