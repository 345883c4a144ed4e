import { type Candidate, deadlineOf, enter, expired, titleOf } from './candidate.ts';
import { type Draft, iso, lookAgain, readiness, routed, waitForRoute } from './draft.ts';
import { promote, reject } from './endings.ts';
import { analysed, pauseOver } from './pause.ts';
import { keptBeside, podsBeside, shareNow, sharesByPods, shareText } from './sharing.ts';
import { serverOf } from './stable.ts';
import type { Extra, RevisionView } from './state.ts';
import { podsAt, type Shape, type Step, shapeAt } from './steps.ts';
import { notYetBack, podsFor, share, split } from './weights.ts';

interface Pair {
  view: RevisionView;
  stable: RevisionView;
}

/** Canary and blue-green: one step after the other, each with the pods and the route that it needs. */
export function goThroughSteps(draft: Draft, candidate: Candidate, steps: readonly Step[], pair: Pair): void {
  for (;;) {
    const step = steps[candidate.step];
    const isForPerson = candidate.heldSince !== undefined || waitsForPerson(step, candidate);
    const isPatient = isForPerson && candidate.arrived === true;
    const shape = shapeAt(steps, candidate.step);
    const weight = candidate.keptWeight ?? shape.weight;
    if (!takesShape(draft, candidate, { ...shape, weight }, { ...pair, isPatient })) return;
    candidate.arrived = true;
    if (candidate.heldSince !== undefined) {
      draft.decision.summary = `${titleOf(candidate)} at ${candidate.weight} %, step ${candidate.step + 1} of ${candidate.steps}: held since ${candidate.heldSince.slice(11, 19)} UTC, until somebody resumes it`;
      return;
    }
    if (step && !candidate.full && !isOver(draft, candidate, step, weight)) {
      tellShare(draft, pair, weight);
      return;
    }
    if (candidate.step >= steps.length - 1) {
      promote(draft, candidate, pair.view);
      return;
    }
    enter(draft, candidate, candidate.step + 1, steps);
  }
}

/** Pods are whole: what the step asks for and what runs are two numbers. */
function tellShare(draft: Draft, { view, stable }: Pair, weight: number): void {
  if (!sharesByPods(draft) || draft.memory.candidate === undefined || weight === 0 || weight === 100) return;
  draft.decision.summary += `; ${shareText(view, stable, weight)}`;
}

/** Whether a step that takes time is over. */
function isOver(draft: Draft, candidate: Candidate, step: Step, weight: number): boolean {
  if (step.kind === 'pause') return pauseOver(draft, candidate, weight, step.lengthMs);
  return step.kind === 'analysis' ? analysed(draft, candidate, step.id) : true;
}

function waitsForPerson(step: Step | undefined, candidate: Candidate): boolean {
  return step?.kind === 'pause' && step.lengthMs === Number.POSITIVE_INFINITY && !candidate.full;
}

/** Brings pods and route into the shape of a step; true when both are there. */
function takesShape(
  draft: Draft,
  candidate: Candidate,
  shape: Shape,
  { view, stable, isPatient }: Pair & { isPatient: boolean },
): boolean {
  const { input, decision } = draft;
  const { weight } = shape;
  const gives = givesPods(draft);
  const isShare = sharesByPods(draft) && weight > 0 && weight < 100;
  const needed = isShare ? podsBeside(weight, input.replicas, gives) : podsAt(shape, input.replicas);
  const have = input.route?.weights[view.revision] ?? 0;
  candidate.replicas = needed;

  const wanted = share(draft, { weight, needed, have, view, stable });
  const gone = gives ? Math.max(wanted, Math.min(have, notYetBack(stable, input.replicas))) : wanted;
  const server = serverOf(draft, stable);
  const { target, obstacle } = shareNow(draft, { pair: [server, view.revision], target: gone, needed });
  decision.weights = split(server, view.revision, target);
  const extra = view.ready > 0 ? extraOf(shape, view.revision) : undefined;
  if (extra) decision.extra = extra;
  const isRouted = routed(draft, decision.weights);
  decision.replicas[stable.revision] = gives
    ? stablePods(draft, stable, { target, have, isRouted, beside: view.ready, weight: wanted })
    : input.replicas;
  // Pods that a larger share needed go when the gateway has confirmed the smaller one, not together with it.
  const isServed = target <= weight && isRouted;
  // Alone it has all the work.
  const alone = stable.ready === 0 && view.ready > 0 ? input.replicas : 0;
  const kept = keptBeside(draft, view, stable, decision.replicas[stable.revision] ?? 0);
  decision.replicas[view.revision] = isServed
    ? Math.max(needed, kept)
    : Math.max(needed, alone, view.replicas ?? 0);
  if (view.ready < needed) {
    waitForPods(draft, candidate, { view, needed, isPatient });
    return false;
  }
  delete candidate.waitingSince;
  if (obstacle) {
    decision.summary = `${titleOf(candidate)}: ${obstacle}`;
    waitForRoute(draft);
    return false;
  }
  if (isRouted && gone > wanted) {
    decision.summary = `${titleOf(candidate)}: ${target} % until ${stable.image} has its pods again, ${readiness(stable, decision.replicas[stable.revision] ?? 0)}`;
    return false;
  }
  const isSized = !isShare || [view, stable].every((one) => one.replicas === decision.replicas[one.revision]);
  if (isRouted && isSized) return true;
  const routing = isShare ? shareText(view, stable, weight) : `${weight} %`;
  decision.summary = `${titleOf(candidate)}: ${routing} is being routed${input.route?.problem ? `: ${input.route.problem}` : ''}`;
  waitForRoute(draft);
  return false;
}

function waitForPods(
  draft: Draft,
  candidate: Candidate,
  { view, needed, isPatient }: { view: RevisionView; needed: number; isPatient: boolean },
): void {
  const { input, decision } = draft;
  decision.summary = `${titleOf(candidate)}: waiting for pods, ${readiness(view, needed)}`;
  waitForRoute(draft);
  // While it waits for a person, no deadline does the person's work.
  if (isPatient) {
    delete candidate.waitingSince;
    return;
  }
  candidate.waitingSince ??= iso(draft);
  if (expired(draft, candidate)) {
    reject(
      draft,
      'ProgressDeadlineExceeded',
      `${readiness(view, needed)} after ${input.policy.progressDeadline}`,
    );
    return;
  }
  lookAgain(draft, deadlineOf(draft, candidate) - input.now);
}

/** Whether the stable release gives up pods as the candidate takes over its requests. */
function givesPods({ input }: Draft): boolean {
  const { strategy, canary } = input.policy;
  return strategy === 'canary' && canary.dynamicStableScale;
}

/** As many as the larger of the shares that it has now and that it is to have; fewer only once that is confirmed. */
function stablePods(
  draft: Draft,
  stable: RevisionView,
  at: { target: number; have: number; isRouted: boolean; beside: number; weight: number },
): number {
  const { input } = draft;
  const { target, have, isRouted } = at;
  if (sharesByPods(draft) && input.route?.shared) {
    const least = isRouted ? input.replicas - at.beside : Math.min(stable.replicas ?? 0, input.replicas);
    return Math.max(podsFor(100 - at.weight, input.replicas), least);
  }
  // A share that falls has to be taken back first.
  const goal = podsFor(100 - Math.min(target, at.weight), input.replicas);
  const needed = podsFor(100 - Math.min(target, have), input.replicas);
  return isRouted ? goal : Math.max(goal, needed, Math.min(stable.replicas ?? 0, input.replicas));
}

function extraOf({ headers, mirror }: Shape, revision: string): Extra | undefined {
  if (headers.length === 0 && mirror === 0) return undefined;
  return {
    ...(headers.length > 0 ? { headers: { revision, match: headers } } : {}),
    ...(mirror > 0 ? { mirror: { revision, percent: mirror } } : {}),
  };
}
