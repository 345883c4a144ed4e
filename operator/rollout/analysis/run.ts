import type { AnalysisRun, MetricRun } from '../../api/status.ts';
import { judge } from './judge.ts';
import type { Measured } from './measured.ts';
import type { AnalysisPolicy, MetricPolicy } from './policy.ts';

/** As long as status takes it. */
const LONGEST_MESSAGE = 1024;

/** An analysis that begins; `at` is an ISO date-time. */
export function beginRun(id: string, at: string): AnalysisRun {
  return { id, startedAt: at, metrics: [], message: 'not measured yet' };
}

/**
 * The run after a measurement. One that is not for it, that it has already, or that comes after its end changes nothing:
 * an answer may be handed over twice. Pure.
 */
export function fold(run: AnalysisRun, policy: AnalysisPolicy, measured: Measured): AnalysisRun {
  const metric = policy.metrics.find(({ name }) => name === measured.metric);
  const known = run.metrics.find(({ name }) => name === measured.metric);
  const isOther = measured.run !== run.id || measured.startedAt !== run.startedAt;
  const isKnown = known?.at !== undefined && known.at >= measured.at;
  if (!metric || isOther || isKnown || run.verdict) return run;
  const next = foldMetric(known ?? unmeasured(metric.name), metric, measured);
  return { ...run, metrics: [...run.metrics.filter(({ name }) => name !== metric.name), next] };
}

function foldMetric(known: MetricRun, metric: MetricPolicy, { at, outcome }: Measured): MetricRun {
  const { verdict, message, isInsufficient, sample } = judge(metric, known.sample, outcome);
  const isConclusive = verdict === 'pass' || verdict === 'fail';
  const isUnclear = verdict === 'inconclusive' && !isInsufficient;
  return {
    ...known,
    verdict,
    message: message.slice(0, LONGEST_MESSAGE),
    at,
    count: known.count + (isConclusive ? 1 : 0),
    failures: known.failures + (verdict === 'fail' ? 1 : 0),
    errors: verdict === 'error' ? known.errors + 1 : 0,
    inconclusive: known.inconclusive + (isUnclear ? 1 : 0),
    ...(sample ? { sample } : {}),
  };
}

function unmeasured(name: string): MetricRun {
  return { name, message: 'not measured yet', count: 0, failures: 0, errors: 0, inconclusive: 0 };
}

/** Milliseconds until the metric is to be measured; 0 or less when it is due, undefined when it is not measured again. */
export function dueIn(run: AnalysisRun, metric: MetricPolicy, now: number): number | undefined {
  const known = run.metrics.find(({ name }) => name === metric.name);
  if (run.verdict || (metric.count !== undefined && (known?.count ?? 0) >= metric.count)) return undefined;
  return known?.at === undefined
    ? Date.parse(run.startedAt) + metric.initialDelayMs - now
    : Date.parse(known.at) + metric.intervalMs - now;
}
