import { milliseconds } from '../../api/duration.ts';
import { defined, type EffectiveSpec } from '../../api/effective-spec.ts';
import type { EnvironmentSpec } from '../../api/environment.ts';

type Rollout = EffectiveSpec['rollout'];
type Background = Rollout['canary']['analysis'];
/** An analysis as it is written, wherever it stands. */
type Written = NonNullable<
  NonNullable<NonNullable<EnvironmentSpec['rollout']>['blueGreen']>['prePromotionAnalysis']
>;
export type WrittenMetric = NonNullable<Written['metrics']>[number];

/** Where a figure comes from, as the resource says it. */
export type Source =
  | { readonly type: 'pods'; readonly measure: 'errors' }
  /** Share of the answers that took longer than this. */
  | {
      readonly type: 'pods';
      readonly measure: 'latency';
      readonly quantile: number;
      readonly seconds: number;
    }
  | ({ readonly type: 'prometheus' } & NonNullable<WrittenMetric['prometheus']>)
  | ({ readonly type: 'web' } & NonNullable<WrittenMetric['web']>)
  | ({ readonly type: 'job' } & NonNullable<WrittenMetric['job']>);

/** One metric with every value that counts. */
export interface MetricPolicy {
  readonly name: string;
  readonly source: Source;
  /** Of the figure; of the pods' metrics, a share. */
  readonly limits: { readonly min?: number; readonly max?: number };
  /** The share may be that much larger than the stable release's. */
  readonly comparison?: { readonly tolerance: number };
  /** Fewer requests than this are too few for a verdict; of no meaning where the source counts none. */
  readonly minRequests: number;
  readonly intervalMs: number;
  readonly initialDelayMs: number;
  /** Verdicts after which it is not measured again; absent: for as long as the analysis runs. */
  readonly count?: number;
  /** More failures than this are the release's. */
  readonly failureLimit: number;
  /** More measurements in a row than this that could not be made end the analysis. */
  readonly consecutiveErrorLimit: number;
  /** More inconclusive measurements than this end it without a verdict. */
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

/** Ids of the runs; that of a step has its index. */
export const BACKGROUND = 'background';
export const PRE_PROMOTION = 'prePromotion';
export const POST_PROMOTION = 'postPromotion';
export const stepRun = (step: number) => `step-${step}`;

/** The policy of a run by the run's id; undefined when the resource asks for no such analysis. */
export function policyOf(rollout: Rollout, run: string): AnalysisPolicy | undefined {
  const policy = writtenPolicy(rollout, run);
  return policy && policy.metrics.length > 0 ? policy : undefined;
}

function writtenPolicy({ canary, blueGreen }: Rollout, run: string): AnalysisPolicy | undefined {
  const { analysis: background } = canary;
  if (run === BACKGROUND) return resolved(background, background);
  const written =
    run === PRE_PROMOTION
      ? blueGreen.prePromotionAnalysis
      : run === POST_PROMOTION
        ? blueGreen.postPromotionAnalysis
        : canary.steps.find((step, i) => stepRun(i) === run && step.analysis)?.analysis;
  return written && resolved(written, background, 1);
}

/** What `written` leaves out is as in the background's, but its own metrics stand alone unless it names a preset. */
function resolved(written: Written, background: Background, count?: number): AnalysisPolicy {
  const own = written.metrics ?? [];
  const all: Background = { ...background, ...defined(written), metrics: own };
  const preset = written.preset ?? (own.length > 0 ? 'none' : background.preset);
  const listed = own.map((metric) => metricPolicy(metric, all, count));
  const replaced = new Set(own.map(({ name }) => name));
  const given = presetMetrics(preset, all)
    .filter(({ name }) => !replaced.has(name))
    .map((metric) => metricPolicy(metric, all, count));
  return {
    metrics: [...given, ...listed],
    onInsufficientData: all.onInsufficientData,
    insufficientDataLimitMs: milliseconds(all.insufficientDataLimit),
  };
}

/** The guide's numbers: 5xx above 5 % and a 95th percentile above one second are alerts there. */
function presetMetrics(preset: Background['preset'], { maxErrorRatio }: Background): WrittenMetric[] {
  if (preset === 'none') return [];
  const compared = preset === 'compared' ? { comparedWithStable: {} } : {};
  return [
    { name: 'errors', pods: { measure: 'errors' }, max: maxErrorRatio, ...compared },
    { name: 'latency', pods: { measure: 'latency', quantile: '0.95' }, max: '1', ...compared },
  ];
}

function metricPolicy(
  metric: WrittenMetric,
  analysis: Background,
  otherwise: number | undefined,
): MetricPolicy {
  const count = metric.count ?? otherwise;
  return {
    name: metric.name,
    source: sourceOf(metric),
    limits: limitsOf(metric),
    ...(metric.comparedWithStable
      ? { comparison: { tolerance: Number(metric.comparedWithStable.tolerance ?? TOLERANCE) } }
      : {}),
    minRequests: metric.minRequests ?? analysis.minRequests,
    intervalMs: milliseconds(metric.interval ?? analysis.interval),
    initialDelayMs: metric.initialDelay ? milliseconds(metric.initialDelay) : 0,
    ...(count === undefined ? {} : { count }),
    failureLimit: metric.failureLimit ?? 0,
    consecutiveErrorLimit: metric.consecutiveErrorLimit ?? 4,
    inconclusiveLimit: metric.inconclusiveLimit ?? 3,
    dryRun: metric.dryRun ?? false,
  };
}

const TOLERANCE = '0.01';
const QUANTILE = '0.95';

function sourceOf({ pods, prometheus, web, job, max }: WrittenMetric): Source {
  if (prometheus) return { type: 'prometheus', ...prometheus };
  if (web) return { type: 'web', ...web };
  if (job) return { type: 'job', ...job };
  if (pods?.measure !== 'latency') return { type: 'pods', measure: 'errors' };
  return {
    type: 'pods',
    measure: 'latency',
    quantile: Number(pods.quantile ?? QUANTILE),
    seconds: Number(max),
  };
}

/** "p95 is at most 1 s" is the same as "at most 5 % take longer than 1 s", and a share can be tested. */
function limitsOf(metric: WrittenMetric): MetricPolicy['limits'] {
  if (metric.pods?.measure === 'latency') {
    const parts = 10_000;
    return { max: (parts - Math.round(Number(metric.pods.quantile ?? QUANTILE) * parts)) / parts };
  }
  return {
    ...(metric.min === undefined ? {} : { min: Number(metric.min) }),
    ...(metric.max === undefined ? {} : { max: Number(metric.max) }),
  };
}
