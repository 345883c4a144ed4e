import { type Draft, readiness, routed, stableView, waitForRoute } from './draft.ts';
import type { RevisionView } from './state.ts';

/** The stable revision at full size, with all requests that it can answer. */
export function serveStable(draft: Draft): void {
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
