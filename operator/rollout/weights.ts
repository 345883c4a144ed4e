import type { Draft } from './draft.ts';
import { note } from './draft.ts';
import type { RevisionView } from './state.ts';

/** Pods that can serve `weight` percent of what `replicas` pods serve: at least one, so that the candidate can be seen. */
export function podsFor(weight: number, replicas: number): number {
  return Math.max(1, Math.ceil((replicas * weight) / 100));
}

/** Pods of a revision that run or start, those included that its Deployment has not taken away yet. */
export function podsOf({ pods = 0, replicas = 0 }: Pick<RevisionView, 'pods' | 'replicas'>): number {
  return Math.max(pods, replicas);
}

/** Percentages of two revisions of which the candidate gets `weight`; one that gets nothing is not named. */
export function split(stable: string, candidate: string, weight: number): Record<string, number> {
  if (weight === 0 || stable === candidate) return { [stable]: 100 };
  if (weight === 100) return { [candidate]: 100 };
  return { [stable]: 100 - weight, [candidate]: weight };
}

/** Percentage that the ready pods of the stable revision cannot take back yet, of a size that they are to have again. */
export function notYetBack(stable: RevisionView, size: number): number {
  return size === 0 ? 0 : 100 - Math.floor((100 * Math.min(stable.ready, size)) / size);
}

/** Percentage that the candidate gets: never more than its ready pods can serve, and all of it when stable is dead. */
export function share(
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
