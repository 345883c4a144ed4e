import type { Sample, Verdict } from '../../api/status.ts';
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
  if (outcome.type === 'problem') return { verdict: 'error', message: outcome.why };
  const sample = summed(before, outcome.candidate);
  return { ...judgeShare(metric, sample), sample };
}

function judgeShare(metric: MetricPolicy, { requests, bad }: Counts): Judgement {
  const ratio = requests === 0 ? 0 : bad / requests;
  const limit = metric.limits.max ?? 1;
  const figures = `${bad} of ${requests} requests answered 5xx (${percent(ratio)}, limit ${percent(limit)})`;
  if (requests < metric.minRequests) {
    // So many errors that even a faultless rest of the sample could not save the verdict: do not wait for it.
    if (bad / metric.minRequests > limit) return { verdict: 'fail', message: figures };
    const message = `${figures}: fewer than the ${metric.minRequests} requests that a verdict needs`;
    return { verdict: 'inconclusive', message, isInsufficient: true };
  }
  return { verdict: ratio > limit ? 'fail' : 'pass', message: figures };
}

function summed(before: Sample | undefined, { requests, bad }: Counts): Sample {
  return { ...before, requests: (before?.requests ?? 0) + requests, bad: (before?.bad ?? 0) + bad };
}

function percent(ratio: number): string {
  return `${Number((ratio * 100).toFixed(1))} %`;
}
