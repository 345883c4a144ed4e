import { milliseconds } from '../api/duration.ts';
import type { EnvironmentStatus } from '../api/status.ts';
import { type Draft, identity, iso, note, viewOf } from './draft.ts';
import { returnReason } from './history.ts';
import { askAgain } from './migration.ts';
import { podsBeside, sharesByPods } from './sharing.ts';
import { describe, planOf, type Step, shapeAt } from './steps.ts';
import { podsFor } from './weights.ts';

/** The release that is being tried, as status remembers it. */
export type Candidate = NonNullable<EnvironmentStatus['candidate']>;

const STRATEGIES = { canary: 'a canary', blueGreen: 'blue-green', rolling: 'a rolling update' };

/** The desired revision becomes the candidate, at its first step and without a request. */
export function admit(draft: Draft, steps: readonly Step[]): void {
  const view = viewOf(draft, draft.input.desired);
  const { strategy } = draft.input.policy;
  const at = iso(draft);
  const isReturn = returnReason(draft, view.revision);
  draft.memory.candidate = {
    ...identity(view),
    strategy,
    step: isReturn ? lastOf(steps) : 0,
    steps: steps.length,
    plan: planOf(steps),
    ...(isReturn ? { full: true } : {}),
    startedAt: at,
    stepStartedAt: at,
    weight: 0,
    replicas: 0,
    readyReplicas: view.ready,
  };
  askAgain(draft, view);
  const how = isReturn ? `is returned to at once: ${isReturn}` : `is released as ${STRATEGIES[strategy]}`;
  note(draft, 'Normal', 'ReleaseStarted', `${view.image} (revision ${view.number}) ${how}`);
}

/** Index of the step that gives the candidate everything. */
export function lastOf(steps: readonly Step[]): number {
  return Math.max(
    0,
    steps.findLastIndex((step) => step.kind === 'weight'),
  );
}

/** The candidate goes on to a step, whose time begins now. */
export function enter(draft: Draft, candidate: Candidate, step: number, steps: readonly Step[]): void {
  candidate.step = step;
  candidate.stepStartedAt = iso(draft);
  delete candidate.arrived;
  if (steps[step]?.kind === 'weight') delete candidate.keptWeight;
  const what = `${describe(steps[step])}${podsText(draft, steps[step])}`;
  const text = `${candidate.image}: step ${step + 1} of ${candidate.steps}, ${what}`;
  note(draft, 'Normal', 'ReleaseStep', text, steps[step]?.kind === 'pause' ? 'pause' : 'step');
}

/** What a weight comes to where pods share the requests. */
function podsText({ input }: Draft, step: Step | undefined): string {
  if (!sharesByPods({ input }) || step?.kind !== 'weight' || step.weight === 0 || step.weight === 100)
    return '';
  const { replicas, policy } = input;
  const gives = policy.strategy === 'canary' && policy.canary.dynamicStableScale;
  const pods = podsBeside(step.weight, replicas, gives);
  const all = pods + (gives ? podsFor(100 - step.weight, replicas) : replicas);
  return `: ${pods} of ${all} pods, ${Math.round((100 * pods) / all)} %`;
}

/** Steps that were edited on the way: the candidate goes on from the weight that it has. */
export function follow(draft: Draft, candidate: Candidate, steps: readonly Step[]): void {
  const plan = planOf(steps);
  const isEdited = candidate.plan !== undefined && candidate.plan !== plan;
  candidate.plan = plan;
  candidate.steps = steps.length;
  candidate.strategy = draft.input.policy.strategy;
  if (!isEdited) {
    candidate.step = Math.min(candidate.step, steps.length - 1);
    return;
  }
  const { weight } = candidate;
  const higher = steps.findIndex((step) => step.kind === 'weight' && step.weight > weight);
  const step = candidate.full || higher === -1 ? lastOf(steps) : Math.max(0, higher - 1);
  candidate.step = step;
  candidate.stepStartedAt = iso(draft);
  delete candidate.arrived;
  if (steps[step]?.kind !== 'weight' && shapeAt(steps, step).weight !== weight) candidate.keptWeight = weight;
  else delete candidate.keptWeight;
  note(
    draft,
    'Normal',
    'StepsEdited',
    `${candidate.image}: its steps were edited; it goes on from ${weight} % at step ${step + 1} of ${steps.length}, ${describe(steps[step])}`,
  );
}

/** When the candidate has waited for too long, in milliseconds since the epoch. */
export function deadlineOf(draft: Draft, candidate: Candidate): number {
  return (
    Date.parse(candidate.waitingSince ?? candidate.startedAt) +
    milliseconds(draft.input.policy.progressDeadline)
  );
}

/** Whether that moment has come. */
export function expired(draft: Draft, candidate: Candidate): boolean {
  return draft.input.now >= deadlineOf(draft, candidate);
}

/** The candidate as it is named in a summary. */
export function titleOf(candidate: Candidate): string {
  const kind = { canary: 'Canary', blueGreen: 'Blue-green', rolling: 'Rolling update' }[
    candidate.strategy ?? 'canary'
  ];
  return `${kind} ${candidate.image}`;
}

/** As commands name it. */
export function targetOf({ number, revision }: { number: number; revision: string }): string {
  return `${number}-${revision}`;
}
