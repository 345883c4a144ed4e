import { createHash } from 'node:crypto';
import { milliseconds } from '../api/duration.ts';
import type { EffectiveSpec } from '../api/effective-spec.ts';
import { UNTIL_PROMOTED } from '../api/well-known.ts';
import { POST_PROMOTION, PRE_PROMOTION, stepRun } from './analysis/policy.ts';
import { canonicalJson } from './revision.ts';
import { podsFor } from './weights.ts';

type Policy = EffectiveSpec['rollout'];

export interface Header {
  name: string;
  value: string;
}

/** One thing that a release does on its way, whatever its strategy. */
export type Step =
  | { kind: 'weight'; weight: number }
  /** Infinity: until somebody promotes it. */
  | { kind: 'pause'; lengthMs: number }
  /** An analysis (the id of its run) that has to end well. */
  | { kind: 'analysis'; id: string }
  | { kind: 'replicas'; replicas: number | string }
  | { kind: 'headers'; headers: readonly Header[] }
  | { kind: 'mirror'; percent: number };

/** What is in force at a step: what it and those before it have set. */
export interface Shape {
  weight: number;
  /** Pods that are asked for besides those that the weight needs. */
  replicas: number | string;
  headers: readonly Header[];
  mirror: number;
}

/** The steps of a release; the last one that sets a weight gives it everything. */
export function stepsOf(policy: Policy): Step[] {
  if (policy.strategy === 'canary') return policy.canary.steps.map(canaryStep);
  return policy.strategy === 'blueGreen' ? switchSteps(policy.blueGreen) : [{ kind: 'weight', weight: 100 }];
}

function canaryStep(step: Policy['canary']['steps'][number], index: number): Step {
  if (step.analysis !== undefined) return { kind: 'analysis', id: stepRun(index) };
  if (step.pause !== undefined) return { kind: 'pause', lengthMs: lengthOf(step.pause) };
  if (step.replicas !== undefined) return { kind: 'replicas', replicas: step.replicas };
  if (step.headers !== undefined) return { kind: 'headers', headers: step.headers };
  if (step.mirror !== undefined) return { kind: 'mirror', percent: step.mirror };
  return { kind: 'weight', weight: step.weight ?? 0 };
}

function lengthOf(pause: string): number {
  return pause === UNTIL_PROMOTED ? Number.POSITIVE_INFINITY : milliseconds(pause);
}

/** Blue-green: a look at the new release without requests, then everything at once. */
function switchSteps(policy: Policy['blueGreen']): Step[] {
  const { previewReplicas, autoPromote, autoPromoteDelay } = policy;
  const lengthMs = autoPromote ? milliseconds(autoPromoteDelay) : Number.POSITIVE_INFINITY;
  const isAsBig = previewReplicas === 0 || previewReplicas === '0%';
  return [
    { kind: 'replicas', replicas: isAsBig ? '100%' : previewReplicas },
    ...(policy.prePromotionAnalysis ? [{ kind: 'analysis' as const, id: PRE_PROMOTION }] : []),
    ...(lengthMs > 0 ? [{ kind: 'pause' as const, lengthMs }] : []),
    { kind: 'weight', weight: 100 },
    ...(policy.postPromotionAnalysis ? [{ kind: 'analysis' as const, id: POST_PROMOTION }] : []),
  ];
}

export function shapeAt(steps: readonly Step[], index: number): Shape {
  const shape: Shape = { weight: 0, replicas: 0, headers: [], mirror: 0 };
  for (const step of steps.slice(0, index + 1)) {
    if (step.kind === 'weight') shape.weight = step.weight;
    if (step.kind === 'replicas') shape.replicas = step.replicas;
    if (step.kind === 'headers') shape.headers = step.headers;
    if (step.kind === 'mirror') shape.mirror = step.percent;
  }
  return shape;
}

/** Pods that the candidate needs: what its weight needs, or more where a step says so. */
export function podsAt({ weight, replicas }: Pick<Shape, 'weight' | 'replicas'>, size: number): number {
  return Math.max(podsFor(weight, size), absolute(replicas, size, Math.ceil));
}

/** A number of pods that may be written as a percentage of `size`. */
export function absolute(pods: number | string, size: number, round: (pods: number) => number): number {
  return typeof pods === 'number' ? pods : round((size * Number.parseInt(pods, 10)) / 100);
}

/** Identity of the steps: while it stays, an index into them means the same step. */
export function planOf(steps: readonly Step[]): string {
  const timed = steps.map((step) =>
    step.kind === 'pause' ? { ...step, lengthMs: String(step.lengthMs) } : step,
  );
  return createHash('sha256').update(canonicalJson(timed)).digest('hex').slice(0, 8);
}

/** The step as a person would say it. */
export function describe(step: Step | undefined): string {
  switch (step?.kind) {
    case 'weight':
      return `weight ${step.weight} %`;
    case 'pause':
      return Number.isFinite(step.lengthMs)
        ? `watched for ${spoken(step.lengthMs)}`
        : 'waits until somebody promotes it';
    case 'analysis':
      return 'analysed';
    case 'replicas':
      return `${step.replicas} ${step.replicas === 1 ? 'pod' : 'pods'}`;
    case 'headers':
      return step.headers.length === 0
        ? 'no requests by header any more'
        : `requests with ${step.headers.map(({ name, value }) => `${name}: ${value}`).join(', ')}`;
    case 'mirror':
      return step.percent === 0
        ? 'no copies of requests any more'
        : `copies of ${step.percent} % of the requests`;
    default:
      return 'its end';
  }
}

/** Milliseconds as the schema writes durations. */
function spoken(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'm'],
    [seconds % 60, 's'],
  ] as const;
  return parts.map(([count, unit]) => (count > 0 ? `${count}${unit}` : '')).join('') || '0s';
}
