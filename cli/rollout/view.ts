import { type Environment, resolveEnvironment } from '../../operator/api/resolved.ts';
import type { AnalysisRun, EnvironmentStatus } from '../../operator/api/status.ts';
import { targetOf } from '../../operator/rollout/candidate.ts';
import { describe, stepsOf } from '../../operator/rollout/steps.ts';
import { age } from '../terminal/words.ts';
import { type End, endOf } from './end.ts';

/** A release on its way, as far as one looks at it: what `-o json` prints. */
export interface RolloutView {
  environment: string;
  summary: string;
  stable?: { release: string; image: string; pods: number; readyPods: number };
  candidate?: {
    release: string;
    image: string;
    strategy: string;
    /** From 1. */
    step: number;
    steps: number;
    /** What the step does, in words. */
    doing: string;
    stepSince?: string;
    startedAt: string;
    /** Percentage of the requests. */
    weight: number;
    pods: number;
    readyPods: number;
    /** Why it does not go on by itself. */
    waiting?: string;
    verdicts: Verdict[];
  };
  paused: boolean;
  end?: End;
}

export interface Verdict {
  name: string;
  verdict: 'pass' | 'fail' | 'inconclusive' | 'error' | 'running';
  message: string;
}

/** Pure. `followed` as in `endOf`. */
export function viewOf(environment: Environment, followed?: string): RolloutView {
  const { metadata, status = {}, spec } = environment;
  const { stable, candidate } = status;
  const end = endOf(environment, followed);
  return {
    environment: `${metadata.namespace}/${metadata.name}`,
    summary: status.summary ?? '',
    ...(stable
      ? {
          stable: {
            release: targetOf(stable),
            image: stable.image,
            pods: status.replicas ?? 0,
            readyPods: status.readyReplicas ?? 0,
          },
        }
      : {}),
    ...(candidate ? { candidate: candidateView(environment, candidate) } : {}),
    paused: spec.paused === true,
    ...(end ? { end } : {}),
  };
}

type Candidate = NonNullable<EnvironmentStatus['candidate']>;

function candidateView(
  environment: Environment,
  candidate: Candidate,
): NonNullable<RolloutView['candidate']> {
  const { strategy = 'canary', step, steps, stepStartedAt, startedAt, weight } = candidate;
  const waiting = waitingOf(environment, candidate);
  return {
    release: targetOf(candidate),
    image: candidate.image,
    strategy,
    step: step + 1,
    steps,
    doing: stepWords(environment)[step] ?? 'its end',
    ...(stepStartedAt === undefined ? {} : { stepSince: stepStartedAt }),
    startedAt,
    weight,
    pods: candidate.replicas,
    readyPods: candidate.readyReplicas,
    ...(waiting === undefined ? {} : { waiting }),
    verdicts: verdictsOf(candidate),
  };
}

/** The steps of the environment's releases in words. They are those of a candidate as long as nobody edits them. */
export function stepWords(environment: Environment): string[] {
  return stepsOf(resolveEnvironment(environment).spec.rollout).map(describe);
}

function waitingOf(environment: Environment, candidate: Candidate): string | undefined {
  const { metadata, spec } = environment;
  if (spec.paused) return 'nothing is changed while spec.paused is true';
  if (candidate.frozen) return `frozen: ${candidate.frozen.message}`;
  if (candidate.gate) return candidate.gate.message;
  if (candidate.heldSince !== undefined)
    return `held by command: kubectl cryptosense resume ${metadata.name}`;
  if (candidate.readyReplicas < candidate.replicas)
    return `${candidate.readyReplicas} of ${candidate.replicas} pods are ready`;
  const step = stepsOf(resolveEnvironment(environment).spec.rollout)[candidate.step];
  const isByHand = step?.kind === 'pause' && !Number.isFinite(step.lengthMs);
  return isByHand ? `for a promotion: kubectl cryptosense promote ${metadata.name}` : undefined;
}

function verdictsOf({ analyses = [], measurements = [] }: Candidate): Verdict[] {
  const runs = analyses.flatMap((run) => run.metrics.map((metric) => metricVerdict(run, metric)));
  const last = measurements.at(-1);
  // Written by operators of before the analyses had names.
  if (runs.length === 0 && last) return [{ name: 'requests', verdict: last.verdict, message: last.message }];
  return runs;
}

function metricVerdict(run: AnalysisRun, metric: AnalysisRun['metrics'][number]): Verdict {
  const where = run.id === 'background' ? '' : `${run.id}/`;
  return {
    name: `${where}${metric.name}`,
    verdict: metric.verdict ?? (run.verdict === undefined ? 'running' : run.verdict),
    message: metric.message,
  };
}

/** How long the step is under way. */
export function stepAge(candidate: NonNullable<RolloutView['candidate']>, now: number): string {
  return age(candidate.stepSince, now);
}
