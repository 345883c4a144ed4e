import { canonicalJson } from './revision.ts';
import { isSelected, namedIn, proportions, sharesByPods } from './sharing.ts';
import type { Note, RevisionView, RolloutDecision, RolloutInput, RolloutMemory } from './state.ts';

/** A decision in the making. `decide` builds one from what is and hands it from rule to rule. */
export interface Draft {
  input: RolloutInput;
  views: Map<string, RevisionView>;
  memory: RolloutMemory;
  /** Former releases whose pods stand in the way of the one that is being released. */
  inTheWay: Set<string>;
  decision: Omit<RolloutDecision, 'memory'>;
}

export function newDraft(input: RolloutInput): Draft {
  return {
    input,
    views: new Map(input.revisions.map((view) => [view.revision, view])),
    memory: { ...input.memory },
    inTheWay: new Set(),
    decision: {
      migrate: [],
      forget: [],
      replicas: {},
      weights: undefined,
      clear: [],
      remove: [],
      notes: [],
      summary: '',
      progressing: false,
    },
  };
}

/** Whether the router does just this: these weights, and what the decision has besides. */
export function routed(draft: Draft, weights: Record<string, number>): boolean {
  const { route } = draft.input;
  if (!route?.confirmed) return false;
  if (sharesByPods(draft)) return isSelected(route, weights);
  if (canonicalJson(route.extra ?? {}) !== canonicalJson(draft.decision.extra ?? {})) return false;
  const revisions = new Set([...Object.keys(weights), ...Object.keys(route.weights)]);
  return [...revisions].every((revision) => (weights[revision] ?? 0) === (route.weights[revision] ?? 0));
}

export function readiness(view: RevisionView, needed: number): string {
  return `${view.ready} of ${needed} pods ready${view.problem ? ` (${view.problem})` : ''}`;
}

export function viewOf(draft: Draft, revision: string): RevisionView {
  const view = draft.views.get(revision);
  if (!view)
    throw new Error(`revision ${revision} is not among the observed ones: the caller has to record it first`);
  return view;
}

/** The stable revision; one whose objects somebody deleted is one without pods. */
export function stableView(draft: Draft): RevisionView {
  const stable = draft.memory.stable as NonNullable<RolloutMemory['stable']>;
  return draft.views.get(stable.revision) ?? { ...stable, ready: 0, migration: 'complete' };
}

export function identity(view: Pick<RevisionView, 'revision' | 'number' | 'image'>) {
  return { revision: view.revision, number: view.number, image: view.image };
}

/** `kind` is for receivers of messages, where the reason alone does not say it. */
export function note(
  draft: Draft,
  type: Note['type'],
  reason: string,
  message: string,
  kind?: Note['kind'],
): void {
  draft.decision.notes.push({ type, reason, message, ...(kind ? { kind } : {}) });
}

export function lookAgain(draft: Draft, ms: number): void {
  const wanted = Math.max(ms, 100);
  if (!Number.isFinite(wanted)) return;
  draft.decision.againInMs = Math.min(draft.decision.againInMs ?? Infinity, wanted);
}

/** What the gateway reports wakes us up by itself; only the moment that it is given afterwards has to be asked for. */
export function waitForRoute(draft: Draft): void {
  lookAgain(draft, draft.input.route?.settlesInMs ?? Number.POSITIVE_INFINITY);
}

export function iso(draft: Draft): string {
  return new Date(draft.input.now).toISOString();
}

export function finish(draft: Draft): RolloutDecision {
  return { ...draft.decision, ...realWeights(draft), memory: draft.memory };
}

/** Where pods share the requests, what they really get takes the place of what was wanted. */
function realWeights(draft: Draft): Pick<RolloutDecision, 'weights' | 'shared'> {
  const { weights } = draft.decision;
  const shared = namedIn(weights ?? {});
  if (!sharesByPods(draft) || shared.length < 2) return { weights };
  return { weights: proportions(shared.flatMap((revision) => draft.views.get(revision) ?? [])), shared };
}
