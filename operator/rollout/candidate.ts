import { milliseconds } from '../api/duration.ts';
import type { EnvironmentStatus } from '../api/status.ts';
import { type Draft, identity, iso, note, viewOf } from './draft.ts';

/** The release that is being tried, as status remembers it. */
export type Candidate = NonNullable<EnvironmentStatus['candidate']>;

/** The desired revision becomes the candidate, at its first step and without a request. */
export function admit(draft: Draft): void {
  const view = viewOf(draft, draft.input.desired);
  const at = iso(draft);
  draft.memory.candidate = {
    ...identity(view),
    step: 0,
    steps: draft.input.policy.canary.steps.length,
    startedAt: at,
    stepStartedAt: at,
    weight: 0,
    replicas: 0,
    readyReplicas: view.ready,
  };
  note(draft, 'Normal', 'CanaryStarted', `${view.image} (revision ${view.number}) is released as a canary`);
}

/** The candidate goes on to a step, whose time begins now. */
export function enter(draft: Draft, candidate: Candidate, step: number): void {
  candidate.step = step;
  candidate.stepStartedAt = iso(draft);
  const next = draft.input.policy.canary.steps[step];
  const what = next?.pause === undefined ? `weight ${next?.weight} %` : `watched for ${next.pause}`;
  note(draft, 'Normal', 'CanaryStep', `${candidate.image}: step ${step + 1} of ${candidate.steps}, ${what}`);
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
