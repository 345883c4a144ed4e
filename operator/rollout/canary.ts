import { milliseconds } from '../api/duration.ts';
import type { EnvironmentStatus } from '../api/status.ts';
import {
  type Draft,
  finish,
  identity,
  iso,
  lookAgain,
  newDraft,
  note,
  readiness,
  routed,
  stableView,
  viewOf,
} from './draft.ts';
import type { RevisionView, RolloutDecision, RolloutInput } from './state.ts';

/** As many former releases with pods as status can name. */
const MOST_RETIRED = 10;

type Candidate = NonNullable<EnvironmentStatus['candidate']>;

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

/** A lost status is rebuilt from the route: what gets the most requests is what was trusted. */
function recover(draft: Draft): void {
  const [trusted] = Object.entries(draft.input.route?.weights ?? {}).sort(([, a], [, b]) => b - a);
  const view = trusted && draft.views.get(trusted[0]);
  if (!view) return;
  draft.memory.stable = identity(view);
  note(
    draft,
    'Warning',
    'StatusRebuilt',
    `the status was lost: ${view.image} is taken as stable, as the route has it`,
  );
}

/** First deploy: nothing serves yet, so there is nothing to compare with and nothing to go back to. */
function start(draft: Draft): void {
  const view = viewOf(draft, draft.input.desired);
  draft.decision.progressing = true;
  if (!migrated(draft, view)) {
    if (view.migration === 'failed') {
      const message = `${draft.decision.summary}. Release an image whose migration works, or delete the Job to try it again.`;
      draft.decision.blocked = { reason: 'MigrationFailed', message };
    }
    return;
  }
  draft.decision.replicas[view.revision] = draft.input.replicas;
  // An environment that was scaled to nothing has no pod to wait for.
  if (view.ready < Math.min(1, draft.input.replicas)) {
    draft.decision.summary = `Starting ${view.image}: ${readiness(view, draft.input.replicas)}`;
    return;
  }
  draft.memory.stable = identity(view);
  note(draft, 'Normal', 'Deployed', `${view.image} is the first release: it serves without a rollout`);
}

/** A rolled-back release is remembered until the spec asks for something else. */
function forgetOtherInputs(draft: Draft): void {
  const { memory, input } = draft;
  if (memory.rejected && memory.rejected.revision !== input.desired) delete memory.rejected;
  // A release that is asked for again is not one that is being removed.
  memory.retired = (memory.retired ?? []).filter(
    (r) =>
      r.revision !== memory.stable?.revision &&
      (r.revision !== input.desired || r.revision === memory.rejected?.revision),
  );
}

function serveStable(draft: Draft): void {
  const stable = stableView(draft);
  const { input, decision, memory } = draft;
  const server = serverOf(draft, stable);
  decision.replicas[stable.revision] = input.replicas;
  decision.weights = { [server]: 100 };
  const steady = stable.ready >= input.replicas && routed(draft, { [stable.revision]: 100 });
  decision.progressing = !steady;
  const left =
    server === stable.revision ? '' : `; ${imageOf(draft, server)} gets all requests until it has one`;
  const state = steady
    ? `${stable.image} serves`
    : `${stable.image}: ${readiness(stable, input.replicas)}${left}`;
  waitForRoute(draft);
  decision.summary = memory.rejected
    ? `${state}; ${memory.rejected.image} was rolled back: ${memory.rejected.message}`
    : state;
  if (!routed(draft, decision.weights) && input.route?.problem)
    decision.summary += `; ${input.route.problem}`;
}

/**
 * Who gets the requests that are not the candidate's: the stable revision, but while that has no ready pod, a ready
 * one that has them now.
 */
function serverOf(draft: Draft, stable: RevisionView): string {
  if (stable.ready > 0) return stable.revision;
  const [first] = Object.entries(draft.input.route?.weights ?? {})
    .filter(([revision]) => revision !== stable.revision && (draft.views.get(revision)?.ready ?? 0) > 0)
    .sort(([, a], [, b]) => b - a);
  return first?.[0] ?? stable.revision;
}

function imageOf(draft: Draft, revision: string): string {
  return draft.views.get(revision)?.image ?? revision;
}

/** What the gateway reports wakes us up by itself; only the moment that it is given afterwards has to be asked for. */
function waitForRoute(draft: Draft): void {
  lookAgain(draft, draft.input.route?.settlesInMs ?? Number.POSITIVE_INFINITY);
}

function admit(draft: Draft): void {
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
  remember(candidate, view);

  if (!migrated(draft, view)) {
    decision.replicas[stable.revision] = input.replicas;
    decision.weights = { [serverOf(draft, stable)]: 100 };
    waitForRoute(draft);
    waitForMigration(draft, candidate, view);
    return;
  }
  const latest = candidate.measurements?.at(-1);
  if (latest?.verdict === 'fail') {
    reject(draft, 'AnalysisFailed', latest.message);
    return;
  }

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

/** A migration that runs has all the time that its Job gives it; one that cannot start has the candidate's deadline. */
function waitForMigration(draft: Draft, candidate: Candidate, view: RevisionView): void {
  if (view.migration === 'failed') {
    reject(draft, 'MigrationFailed', view.problem ?? 'its migration failed');
    return;
  }
  if (view.migration === 'absent' || view.problem === undefined) {
    delete candidate.waitingSince;
    return;
  }
  candidate.waitingSince ??= iso(draft);
  if (expired(draft, candidate)) {
    const { progressDeadline } = draft.input.policy;
    reject(
      draft,
      'ProgressDeadlineExceeded',
      `its migration did not start in ${progressDeadline}: ${view.problem}`,
    );
    return;
  }
  lookAgain(draft, deadlineOf(draft, candidate) - draft.input.now);
}

/** Percentage that the candidate gets: never more than its ready pods can serve, and all of it when stable is dead. */
function share(
  draft: Draft,
  at: { weight: number; needed: number; have: number; view: RevisionView; stable: RevisionView },
): number {
  const { weight, needed, have, view, stable } = at;
  if (view.ready === 0) return 0;
  if (stable.ready === 0) {
    if (have !== 100) {
      note(
        draft,
        'Warning',
        'StableDead',
        `${stable.image} has no ready pod: ${view.image} gets all requests until it has`,
      );
    }
    return 100;
  }
  return view.ready >= needed ? weight : Math.min(have, weight);
}

/** Whether the watched pause has ended with a verdict that lets the release go on. */
function pauseOver(draft: Draft, candidate: Candidate, view: RevisionView, lengthMs: number): boolean {
  const { input, decision } = draft;
  const { analysis } = input.policy.canary;
  const end = Date.parse(candidate.stepStartedAt ?? candidate.startedAt) + lengthMs;
  const endsIn = end - input.now;
  const latest = candidate.measurements?.at(-1);
  const figures = latest ? latest.message : 'not measured yet';
  const place = `Canary ${view.image} at ${candidate.weight} %, step ${candidate.step + 1} of ${candidate.steps}`;
  lookAgain(draft, Math.min(Math.max(endsIn, 0) || Infinity, milliseconds(analysis.interval)));
  if (endsIn > 0) {
    // A moment, not a remainder: a text that changes by itself would be written again at every look.
    const until = new Date(end).toISOString().slice(11, 19);
    decision.summary = `${place}: watched until ${until} UTC; ${figures}`;
    return false;
  }
  // Nobody can judge a candidate that gets no requests by the steps' own word: such a pause is only time.
  if (weightAt(input.policy.canary.steps, candidate.step) === 0) return true;
  if (latest?.verdict === 'pass') return true;
  if (latest?.verdict === 'inconclusive' && analysis.onInsufficientData === 'continue') {
    note(
      draft,
      'Normal',
      'InsufficientData',
      `${view.image}: ${figures}; analysis.onInsufficientData says continue`,
    );
    return true;
  }
  decision.summary = `${place}: waits for a verdict; ${figures}`;
  return false;
}

function promote(draft: Draft, candidate: Candidate, view: RevisionView): void {
  const { memory, decision, input } = draft;
  const old = memory.stable;
  memory.stable = identity(view);
  delete memory.candidate;
  if (old) memory.retired = [...(memory.retired ?? []), { revision: old.revision, since: iso(draft) }];
  decision.summary = `${view.image} serves`;
  // The old release's pods are removed later: there is still something to do.
  decision.progressing = true;
  if (old) delete decision.replicas[old.revision];
  const judged = candidate.measurements?.at(-1)?.message;
  note(draft, 'Normal', 'Promoted', `${view.image} gets all requests${judged ? `: ${judged}` : ''}`);
  lookAgain(draft, milliseconds(input.policy.scaleDownDelay));
}

/** Back to the stable release at once: the weight goes before anything else, and no pod has to start for it. */
function reject(draft: Draft, reason: string, why: string): void {
  const candidate = draft.memory.candidate as Candidate;
  const { revision, number, image } = candidate;
  note(draft, 'Warning', 'RolledBack', `${image} is rolled back (${reason}): ${why}`);
  draft.memory.rejected = { revision, number, image, reason, message: why.slice(0, 1024), at: iso(draft) };
  leave(draft, candidate);
  serveStable(draft);
  draft.decision.progressing = true;
}

function withdraw(draft: Draft, candidate: Candidate, why: string): void {
  note(draft, 'Normal', 'CanaryWithdrawn', `${candidate.image} is withdrawn: ${why}`);
  leave(draft, candidate);
}

function leave(draft: Draft, candidate: Candidate): void {
  const { memory, decision } = draft;
  delete memory.candidate;
  delete decision.replicas[candidate.revision];
  memory.retired = [...(memory.retired ?? []), { revision: candidate.revision, since: iso(draft) }];
}

/** Removes the pods of releases that get no request any more, after the delay and never before the router confirmed it. */
function retire(draft: Draft): void {
  const { memory, decision, input } = draft;
  const delay = milliseconds(input.policy.scaleDownDelay);
  const retired = retiredOf(draft);
  // While new weights are on their way, what the gateway uses is not certain.
  const settled = decision.weights !== undefined && routed(draft, decision.weights);
  for (const [i, { revision, since }] of retired.entries()) {
    // More than can be remembered: these have no time left.
    const waits = i < retired.length - MOST_RETIRED ? 0 : Date.parse(since) + delay - input.now;
    const free = settled && (decision.weights?.[revision] ?? 0) === 0;
    if (waits > 0) lookAgain(draft, waits);
    else if (!free) waitForRoute(draft);
    else decision.remove.push(revision);
  }
  const current = [memory.stable?.revision, memory.candidate?.revision];
  for (const view of draft.views.values()) {
    // A migration that cannot even start (its image is not to be had) must not start once nobody waits for it.
    const isStuck = view.migration === 'running' && view.problem !== undefined && view.replicas === undefined;
    if (isStuck && !current.includes(view.revision)) decision.remove.push(view.revision);
  }
  if (retired.length > 0) {
    memory.retired = retired.slice(-MOST_RETIRED);
    decision.progressing = true;
  } else delete memory.retired;
}

/**
 * Revisions that have pods and no role, those that are remembered last. The others were left by an operator that died
 * between two writes, by a lost status, or by more releases in a short time than can be remembered.
 */
function retiredOf(draft: Draft): NonNullable<EnvironmentStatus['retired']> {
  const { memory } = draft;
  const remembered = (memory.retired ?? []).filter(
    ({ revision }) => draft.views.get(revision)?.replicas !== undefined,
  );
  const known = new Set([
    memory.stable?.revision,
    memory.candidate?.revision,
    ...remembered.map(({ revision }) => revision),
  ]);
  const forgotten = [...draft.views.values()].filter(
    (view) => view.replicas !== undefined && !known.has(view.revision),
  );
  return [...forgotten.map(({ revision }) => ({ revision, since: iso(draft) })), ...remembered];
}

/** Whether the revision's migration is done; starts it when the database can take it. */
function migrated(draft: Draft, view: RevisionView): boolean {
  const { decision, input } = draft;
  if (view.migration === 'complete') return true;
  // A running migration has no deadline here: its Job has one.
  if (view.migration === 'failed')
    decision.summary = `The migration of ${view.image} failed: ${view.problem ?? 'see its Job'}`;
  else if (input.databaseProblem)
    decision.summary = `${view.image} waits for the database: ${input.databaseProblem}`;
  else {
    decision.summary = `The migration of ${view.image} runs${view.problem ? `: ${view.problem}` : ''}`;
    if (view.migration === 'absent') decision.migrate.push(view.revision);
  }
  // The clock of the step starts with the pods.
  if (draft.memory.candidate?.revision === view.revision) draft.memory.candidate.stepStartedAt = iso(draft);
  return false;
}

function enter(draft: Draft, candidate: Candidate, step: number): void {
  candidate.step = step;
  candidate.stepStartedAt = iso(draft);
  const next = draft.input.policy.canary.steps[step];
  const what = next?.pause === undefined ? `weight ${next?.weight} %` : `watched for ${next.pause}`;
  note(draft, 'Normal', 'CanaryStep', `${candidate.image}: step ${step + 1} of ${candidate.steps}, ${what}`);
}

function remember(candidate: Candidate, view: RevisionView): void {
  const known = candidate.measurements ?? [];
  if (view.measurement && view.measurement.at !== known.at(-1)?.at) {
    candidate.measurements = [...known, view.measurement].slice(-10);
  }
}

/** Weight that is in force at a step: its own, or for a pause the last one before it. */
function weightAt(steps: readonly { weight?: number | undefined }[], index: number): number {
  return steps.slice(0, index + 1).findLast((step) => step.weight !== undefined)?.weight ?? 0;
}

/** Pods that can serve `weight` percent of what `replicas` pods serve: at least one, so that the candidate can be seen. */
export function podsFor(weight: number, replicas: number): number {
  return Math.max(1, Math.ceil((replicas * weight) / 100));
}

function split(stable: string, candidate: string, weight: number): Record<string, number> {
  if (weight === 0) return { [stable]: 100 };
  if (weight === 100) return { [candidate]: 100 };
  return { [stable]: 100 - weight, [candidate]: weight };
}

function deadlineOf(draft: Draft, candidate: Candidate): number {
  return (
    Date.parse(candidate.waitingSince ?? candidate.startedAt) +
    milliseconds(draft.input.policy.progressDeadline)
  );
}

function expired(draft: Draft, candidate: Candidate): boolean {
  return draft.input.now >= deadlineOf(draft, candidate);
}
