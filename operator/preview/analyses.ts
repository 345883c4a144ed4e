import { effectiveSpec } from '../api/effective-spec.ts';
import type { AnalysisRun } from '../api/status.ts';
import { BACKGROUND, policyOf } from '../rollout/analysis/policy.ts';
import type { PreviewWorld } from './world.ts';

/** Every analysis whose time is over has passed: what it would measure, nobody knows before. */
export function passAnalyses(world: PreviewWorld, now: number): void {
  const { status } = world.environment;
  if (!status?.candidate?.analyses) return;
  const analyses = status.candidate.analyses.map(
    (run): AnalysisRun =>
      run.verdict || endOf(world, run) > now
        ? run
        : { ...run, verdict: 'pass', message: 'taken to pass', finishedAt: new Date(now).toISOString() },
  );
  world.writeStatus({ ...status, candidate: { ...status.candidate, analyses } });
}

/** When the next analysis is over. */
export function analysesEndAt(world: PreviewWorld, now: number): number | undefined {
  const running = (world.environment.status?.candidate?.analyses ?? []).filter(({ verdict }) => !verdict);
  const times = running.map((run) => endOf(world, run)).filter((at) => at > now);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** As many measurements as it asks for; the one in the background has no end, and passes with its first. */
function endOf({ environment }: PreviewWorld, { id, startedAt }: AnalysisRun): number {
  const begun = Date.parse(startedAt);
  const policy = policyOf(effectiveSpec(environment.spec).rollout, id);
  if (!policy || id === BACKGROUND) return begun;
  const lengths = policy.metrics.map(
    ({ initialDelayMs, intervalMs, count = 1 }) => initialDelayMs + intervalMs * Math.max(0, count - 1),
  );
  return begun + Math.max(0, ...lengths);
}
