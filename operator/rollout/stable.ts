import type { EnvironmentStatus } from '../api/status.ts';
import { type Draft, readiness, routed, stableView, waitForRoute } from './draft.ts';
import { shareNow } from './sharing.ts';
import type { RevisionView } from './state.ts';
import { notYetBack, split } from './weights.ts';

/** The stable revision at full size, with all requests that it can answer. */
export function serveStable(draft: Draft): void {
  const stable = stableView(draft);
  const { input, decision, memory } = draft;
  const server = serverOf(draft, stable);
  const leaving = leavingOf(draft);
  const have = input.route?.weights[leaving?.revision ?? ''] ?? 0;
  decision.replicas[stable.revision] = input.replicas;
  decision.weights = leaving
    ? split(server, leaving.revision, stillIts(draft, server, leaving.revision, have))
    : { [server]: 100 };
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

/** Percentage that a release which gives its requests back has to keep for now. */
function stillIts(draft: Draft, server: string, leaving: string, have: number): number {
  const target = Math.min(have, notYetBack(stableView(draft), draft.input.replicas));
  return shareNow(draft, { pair: [server, leaving], target }).target;
}

/**
 * The release that gives its requests back as the stable one gets its pods again, for which the stable one had given them
 * up; undefined when none does, or when the stable one has them all.
 */
export function leavingOf(draft: Draft): NonNullable<EnvironmentStatus['retired']>[number] | undefined {
  const { input, memory, views } = draft;
  if (stableView(draft).ready >= input.replicas) return undefined;
  return memory.retired?.find(
    ({ revision, gradual }) =>
      gradual === true && (input.route?.weights[revision] ?? 0) > 0 && (views.get(revision)?.ready ?? 0) > 0,
  );
}

/**
 * Who gets the requests that are not the candidate's: the stable revision, but while that has no ready pod, a ready
 * one that has them now.
 */
export function serverOf(draft: Draft, stable: RevisionView): string {
  if (stable.ready > 0) return stable.revision;
  const [first] = Object.entries(draft.input.route?.weights ?? {})
    .filter(([revision]) => revision !== stable.revision && (draft.views.get(revision)?.ready ?? 0) > 0)
    .sort(([, a], [, b]) => b - a);
  return first?.[0] ?? stable.revision;
}

function imageOf(draft: Draft, revision: string): string {
  return draft.views.get(revision)?.image ?? revision;
}
