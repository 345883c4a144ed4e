import type { Measurement } from '../api/status.ts';
import type { EffectiveSpec } from '../api/tiers.ts';

type AnalysisPolicy = EffectiveSpec['rollout']['canary']['analysis'];

/** Counters of the pods of one revision, summed; or why they could not be read. */
export type Sample = { requests: number; errors: number } | { problem: string };

/**
 * One of four verdicts, never mixed: a provider's error is not the release's failure, and too few requests are
 * neither success nor failure. Pure; `at` is an ISO date-time.
 */
export function judge(sample: Sample, policy: AnalysisPolicy, at: string): Measurement {
  if ('problem' in sample) {
    return {
      at,
      verdict: 'error',
      requests: 0,
      errors: 0,
      message: `the pods could not be measured: ${sample.problem}`,
    };
  }
  const { requests, errors } = sample;
  const ratio = requests === 0 ? 0 : errors / requests;
  const limit = Number(policy.maxErrorRatio);
  const figures = `${errors} of ${requests} requests answered 5xx (${percent(ratio)}, limit ${percent(limit)})`;
  if (requests < policy.minRequests) {
    // So many errors that even a faultless rest of the sample could not save the verdict: do not wait for it.
    const certain = errors / policy.minRequests > limit;
    if (certain) return { at, verdict: 'fail', requests, errors, message: figures };
    const message = `${figures}: fewer than the ${policy.minRequests} requests that a verdict needs`;
    return { at, verdict: 'inconclusive', requests, errors, message };
  }
  return { at, verdict: ratio > limit ? 'fail' : 'pass', requests, errors, message: figures };
}

function percent(ratio: number): string {
  return `${Number((ratio * 100).toFixed(1))} %`;
}
