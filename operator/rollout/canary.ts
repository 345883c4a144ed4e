import { milliseconds } from '../api/duration.ts';
import { foldMeasured } from './analysis/candidate.ts';
import { failedInBackground } from './background.ts';
import { admit, type Candidate, deadlineOf, enter, expired } from './candidate.ts';
import {
  type Draft,
  finish,
  iso,
  lookAgain,
  newDraft,
  readiness,
  routed,
  stableView,
  viewOf,
  waitForRoute,
} from './draft.ts';
import { promote, reject, withdraw } from './endings.ts';
import { recover, start } from './first-deploy.ts';
import { migrated, waitForMigration } from './migration.ts';
import { pauseOver } from './pause.ts';
import { forgetOtherInputs, retire } from './retirement.ts';
import { serverOf, serveStable } from './stable.ts';
import type { RolloutDecision, RolloutInput } from './state.ts';
import { podsFor, share, split, weightAt } from './weights.ts';

/**
 * What the releases of one environment should be now: pods and weights a revision.
 *
 * Pure: no clock, no I/O; the same input gives the same decision, so that an operator that died after any write
 * decides the same again. The stable revision keeps its full size until the candidate is promoted; the
 * candidate is extra. No weight is given to a revision without a ready pod while another has one.
 */
export function decide(input: RolloutInput): RolloutDecision {
  const draft = newDraft(input);
  const { desired } = input;
  if (!draft.memory.stable) recover(draft);
  if (!draft.memory.stable) start(draft);
  const { stable } = draft.memory;
  if (!stable) return finish(draft);

  forgetOtherInputs(draft);
  foldMeasured(draft);
  if (desired === stable.revision || desired === draft.memory.rejected?.revision) {
    if (draft.memory.candidate)
      withdraw(draft, draft.memory.candidate, 'the spec asks for the stable release again');
    serveStable(draft);
  } else {
    if (draft.memory.candidate && draft.memory.candidate.revision !== desired) {
      withdraw(draft, draft.memory.candidate, 'a newer release was asked for');
    }
    if (!draft.memory.candidate) admit(draft);
    advance(draft);
  }
  retire(draft);
  return finish(draft);
}

/** Carries out the step that the candidate is at, and goes on as far as that needs no write to be confirmed first. */
function advance(draft: Draft): void {
  const { input, decision } = draft;
  const candidate = { ...(draft.memory.candidate as Candidate) };
  const view = viewOf(draft, candidate.revision);
  const stable = stableView(draft);
  const { steps } = input.policy.canary;
  draft.memory.candidate = candidate;
  decision.progressing = true;
  candidate.steps = steps.length;
  candidate.readyReplicas = view.ready;
  candidate.weight = input.route?.confirmed ? (input.route.weights[view.revision] ?? 0) : candidate.weight;

  if (!migrated(draft, view)) {
    decision.replicas[stable.revision] = input.replicas;
    decision.weights = { [serverOf(draft, stable)]: 100 };
    waitForRoute(draft);
    waitForMigration(draft, candidate, view);
    return;
  }
  candidate.stepStartedAt ??= iso(draft);
  if (failedInBackground(draft, candidate)) return;

  for (;;) {
    const step = steps[Math.min(candidate.step, steps.length - 1)];
    const weight = weightAt(steps, candidate.step);
    const needed = podsFor(weight, input.replicas);
    candidate.replicas = needed;
    decision.replicas[stable.revision] = input.replicas;
    const have = input.route?.weights[view.revision] ?? 0;

    const target = share(draft, { weight, needed, have, view, stable });
    decision.weights = split(serverOf(draft, stable), view.revision, target);
    // Pods that a larger share needed go when the gateway has confirmed the smaller one, not together with it.
    const isServed = target <= weight && routed(draft, decision.weights);
    decision.replicas[view.revision] = isServed ? needed : Math.max(needed, view.replicas ?? 0);
    if (view.ready < needed) {
      candidate.waitingSince ??= iso(draft);
      if (expired(draft, candidate)) {
        const why = `${readiness(view, needed)} after ${input.policy.progressDeadline}`;
        reject(draft, 'ProgressDeadlineExceeded', why);
        return;
      }
      decision.summary = `Canary ${view.image}: waiting for pods, ${readiness(view, needed)}`;
      lookAgain(draft, deadlineOf(draft, candidate) - input.now);
      waitForRoute(draft);
      return;
    }
    delete candidate.waitingSince;
    if (!routed(draft, decision.weights)) {
      decision.summary = `Canary ${view.image}: ${weight} % is being routed${input.route?.problem ? `: ${input.route.problem}` : ''}`;
      waitForRoute(draft);
      return;
    }
    if (candidate.step >= steps.length - 1) {
      promote(draft, candidate, view);
      return;
    }
    if (step?.pause !== undefined && !pauseOver(draft, candidate, view, milliseconds(step.pause))) return;
    enter(draft, candidate, candidate.step + 1);
  }
}
