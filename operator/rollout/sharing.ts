import type { Draft } from './draft.ts';
import type { RevisionView, RouteView } from './state.ts';
import { podsFor, podsOf } from './weights.ts';

/**
 * Sharing without a gateway: one Service, whose selector finds the pods of one revision or those of all. There the
 * proportion of pods is the proportion of the requests; a weight only says how many pods are wanted.
 */
export function sharesByPods({ input }: Pick<Draft, 'input'>): boolean {
  return input.router === 'service';
}

/** Revisions that get something, of weights in percent. */
export function namedIn(weights: Readonly<Record<string, number>>): string[] {
  return Object.keys(weights).filter((revision) => (weights[revision] ?? 0) > 0);
}

/**
 * Pods that come nearest to `weight` percent beside the stable release: beside all of its pods, of which it keeps `size`,
 * or instead of some of them where it `gives` them up. Never more than `size`: a share above a half is then a half.
 */
export function podsBeside(weight: number, size: number, gives: boolean): number {
  if (weight === 0 || weight === 100 || gives) return podsFor(weight, size);
  return Math.min(Math.max(1, size), Math.max(1, Math.round((size * weight) / (100 - weight))));
}

/** Pods as whole percentages that sum to 100; who has a pod has at least 1 %. Nothing when there is no pod at all. */
export function proportions(views: readonly Pick<RevisionView, 'revision' | 'number' | 'ready'>[]) {
  const some = views.filter(({ ready }) => ready > 0).sort((a, b) => a.number - b.number);
  const all = some.reduce((sum, { ready }) => sum + ready, 0);
  const weights: Record<string, number> = {};
  for (const { revision, ready } of some) weights[revision] = Math.max(1, Math.floor((100 * ready) / all));
  const sum = () => Object.values(weights).reduce((a, b) => a + b, 0);
  const rest = ({ ready }: { ready: number }) => ((100 * ready) / all) % 1;
  const byRest = [...some].sort((a, b) => rest(b) - rest(a));
  for (let i = 0; some.length > 0 && sum() < 100; i++) add(weights, byRest[i % some.length]?.revision, 1);
  const bySize = [...some].sort((a, b) => b.ready - a.ready);
  for (let i = 0; sum() > 100; i++) add(weights, bySize[i % some.length]?.revision, -1);
  return weights;
}

function add(weights: Record<string, number>, revision: string | undefined, more: number): void {
  if (revision !== undefined) weights[revision] = (weights[revision] ?? 0) + more;
}

/** Whether a selector sends requests where these weights want them; the proportion is a matter of the pods. */
export function isSelected(route: RouteView, weights: Readonly<Record<string, number>>): boolean {
  const [only, ...more] = namedIn(weights);
  if (more.length > 0) return route.shared === true;
  return route.shared !== true && only !== undefined && (route.weights[only] ?? 0) > 0;
}

/**
 * What `target` percent for the second of two revisions come to now. Before the selector finds the pods of both, there
 * must be none of a third, and no more of the second than it needs: the selector would find these, too.
 */
export function shareNow(
  draft: Draft,
  { pair, target, needed }: { pair: readonly [string, string]; target: number; needed?: number },
): { target: number; obstacle?: string } {
  const { route } = draft.input;
  const [first, second] = pair;
  const isShare = target > 0 && target < 100 && first !== second;
  if (!sharesByPods(draft) || !isShare || route?.shared) return { target };
  const have = route?.weights[second] ?? 0;
  const stays = have === 100 ? 100 : 0;
  const others = [...draft.views.values()].filter(
    (view) => !pair.includes(view.revision) && Math.max(podsOf(view), view.ready) > 0,
  );
  for (const { revision } of others) draft.inTheWay.add(revision);
  if (others.length > 0) {
    const images = others.map(({ image }) => image).join(', ');
    return { target: stays, obstacle: `the pods of ${images} go first, for the Service would find them` };
  }
  const view = draft.views.get(second);
  const surplus = view === undefined || needed === undefined || have > 0 ? 0 : podsOf(view) - needed;
  return surplus > 0
    ? { target: stays, obstacle: `${surplus} of its pods go first, for the Service would find them` }
    : { target };
}

/** Pods that `view` must keep while it shares, because the stable release has too few ready ones for all the work. */
export function keptBeside(draft: Draft, view: RevisionView, stable: RevisionView, target: number): number {
  if (!draft.input.route?.shared) return 0;
  const lacking = draft.input.replicas - Math.min(stable.ready, target);
  return Math.min(view.replicas ?? 0, Math.max(0, lacking));
}

/** The share as it runs, for people. */
export function shareText(view: RevisionView, stable: RevisionView, weight: number): string {
  const all = view.ready + stable.ready;
  const percent = proportions([stable, view])[view.revision] ?? 0;
  return `${view.ready} of ${all} pods, ${percent} % for the step's ${weight} %`;
}

/**
 * Whether the Service's selector still shares for a release that is tried no more: a third one gets no pod before that is
 * over, for the selector would find it as well.
 */
export function isSharedByOthers({ input, memory, views }: Draft): boolean {
  const { route, router, desired } = input;
  if (router !== 'service' || !route?.shared || (views.get(desired)?.replicas ?? 0) > 0) return false;
  return Object.keys(route.weights).some(
    (revision) => revision !== desired && revision !== memory.stable?.revision,
  );
}
