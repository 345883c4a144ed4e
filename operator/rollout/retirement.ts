import { milliseconds } from '../api/duration.ts';
import type { EnvironmentStatus } from '../api/status.ts';
import { type Draft, iso, lookAgain, routed, waitForRoute } from './draft.ts';
import { namedIn } from './sharing.ts';

/** As many former releases with pods as status can name. */
const MOST_RETIRED = 10;

/** A rolled-back release is remembered until the spec asks for something else. */
export function forgetOtherInputs(draft: Draft): void {
  const { memory, input } = draft;
  if (memory.rejected && memory.rejected.revision !== input.desired) delete memory.rejected;
  // A release that is asked for again is not one that is being removed.
  memory.retired = (memory.retired ?? []).filter(
    (r) =>
      r.revision !== memory.stable?.revision &&
      (r.revision !== input.desired || r.revision === memory.rejected?.revision),
  );
}

/** Removes the pods of releases that get no request any more, after the delay and never before the router confirmed it. */
export function retire(draft: Draft): void {
  const { memory, decision, input } = draft;
  const delay = milliseconds(input.policy.scaleDownDelay);
  const retired = retiredOf(draft);
  // While new weights are on their way, what the gateway uses is not certain.
  const settled = decision.weights !== undefined && routed(draft, decision.weights);
  for (const [i, { revision, since, connected }] of retired.entries()) {
    // More than can be remembered: these have no time left.
    const isHurried = i < retired.length - MOST_RETIRED || connected || draft.inTheWay.has(revision);
    const waits = isHurried ? 0 : Date.parse(since) + delay - input.now;
    const free = settled && (decision.weights?.[revision] ?? 0) === 0 && canGo(draft, revision);
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

/** Where pods share, those of a third release do work, too: they go when there are enough others. */
function canGo({ views, input, decision }: Draft, revision: string): boolean {
  if (!input.route?.shared || (views.get(revision)?.ready ?? 0) === 0) return true;
  const ready = namedIn(decision.weights ?? {}).map((one) => views.get(one)?.ready ?? 0);
  return ready.reduce((a, b) => a + b, 0) >= input.replicas;
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
