import { milliseconds } from '../../api/duration.ts';
import type { EffectiveSpec } from '../../api/tiers.ts';

type Rollout = EffectiveSpec['rollout'];

/** Where a figure comes from. */
export type Source = { readonly type: 'pods'; readonly measure: 'errors' };

/** One metric with every value that counts. */
export interface MetricPolicy {
  readonly name: string;
  readonly source: Source;
  readonly limits: { readonly min?: number; readonly max?: number };
  /** Fewer requests than this are too few for a verdict; 0 where the source does not count requests. */
  readonly minRequests: number;
  readonly intervalMs: number;
  readonly initialDelayMs: number;
  /** Verdicts after which it is not measured again; absent: for as long as the analysis runs. */
  readonly count?: number;
  /** More failures than this are the release's. */
  readonly failureLimit: number;
  /** More measurements in a row than this that could not be made end the analysis. */
  readonly consecutiveErrorLimit: number;
  readonly inconclusiveLimit: number;
  /** It is measured and said, and decides nothing. */
  readonly dryRun: boolean;
}

export interface AnalysisPolicy {
  readonly metrics: readonly MetricPolicy[];
  readonly onInsufficientData: 'pause' | 'continue';
  /** How much longer than it was to last an analysis waits for requests. */
  readonly insufficientDataLimitMs: number;
}

export const BACKGROUND = 'background';

/** The policy of a run by the run's id; undefined when the resource asks for no such analysis any more. */
export function policyOf(rollout: Rollout, run: string): AnalysisPolicy | undefined {
  return run === BACKGROUND ? resolved(rollout.canary.analysis) : undefined;
}

function resolved(written: Rollout['canary']['analysis']): AnalysisPolicy {
  return {
    metrics: [
      {
        name: 'errors',
        source: { type: 'pods', measure: 'errors' },
        limits: { max: Number(written.maxErrorRatio) },
        minRequests: written.minRequests,
        intervalMs: milliseconds(written.interval),
        initialDelayMs: 0,
        failureLimit: 0,
        consecutiveErrorLimit: 4,
        inconclusiveLimit: 3,
        dryRun: false,
      },
    ],
    onInsufficientData: written.onInsufficientData,
    insufficientDataLimitMs: 0,
  };
}
