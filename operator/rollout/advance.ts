import { failedInBackground } from './background.ts';
import { type Candidate, follow } from './candidate.ts';
import { type Draft, iso, stableView, viewOf, waitForRoute } from './draft.ts';
import { hold } from './frozen.ts';
import { migrated, waitForMigration } from './migration.ts';
import { ramp } from './rolling.ts';
import { serverOf } from './stable.ts';
import { stepsOf } from './steps.ts';
import { goThroughSteps } from './stepwise.ts';

/** Carries out what the candidate is at, and goes on as far as that needs no write to be confirmed first. */
export function advance(draft: Draft): void {
  const { input, decision } = draft;
  const candidate = { ...(draft.memory.candidate as Candidate) };
  const view = viewOf(draft, candidate.revision);
  const stable = stableView(draft);
  const steps = stepsOf(input.policy);
  draft.memory.candidate = candidate;
  decision.progressing = true;
  // More ready pods are progress: what is still to come has its whole deadline again.
  if (view.ready > candidate.readyReplicas) delete candidate.waitingSince;
  candidate.readyReplicas = view.ready;
  candidate.weight = input.route?.confirmed ? (input.route.weights[view.revision] ?? 0) : candidate.weight;
  follow(draft, candidate, steps);
  if (candidate.frozen) {
    hold(draft, candidate, view);
    return;
  }

  if (!migrated(draft, view)) {
    decision.replicas[stable.revision] = input.replicas;
    decision.weights = { [serverOf(draft, stable)]: 100 };
    waitForRoute(draft);
    waitForMigration(draft, candidate, view);
    return;
  }
  candidate.stepStartedAt ??= iso(draft);
  if (!candidate.full && failedInBackground(draft, candidate)) return;
  if (input.policy.strategy === 'rolling') ramp(draft, candidate, view, stable);
  else goThroughSteps(draft, candidate, steps, { view, stable });
}
