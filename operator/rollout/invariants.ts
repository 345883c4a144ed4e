import type { Phase } from '../api/resolved.ts';
import {
  migrationViolation,
  podsViolation,
  type SchemaWorld,
  trafficViolation,
} from './schema-invariants.ts';
import { capacityViolation, sharingViolation } from './sharing-invariants.ts';
import type { Extra, RevisionView, Router, RouteView } from './state.ts';
import { podsFor } from './weights.ts';

/** A write that can hurt traffic. Other writes need no guard. */
export type GuardedAction =
  | { type: 'route'; weights: Readonly<Record<string, number>>; extra?: Extra; shared?: readonly string[] }
  | { type: 'scale'; revision: string; replicas: number }
  | { type: 'remove'; revision: string }
  | { type: 'migrate'; revision: string; phase: Phase };

export interface World {
  revisions: readonly RevisionView[];
  route: RouteView | undefined;
  /** Size of the environment. */
  replicas: number;
  /** Pods that may be missing from it, as the strategy says. */
  maxUnavailable?: number;
  /** Left out, it is a gateway. */
  router?: Router;
  /** What migrations may rely on; left out, they need no backup. */
  schema?: SchemaWorld;
}

/**
 * The last check before a write, independent of the logic that planned it: the name of the invariant that `action`
 * would make worse, or undefined. Mending a state that is already broken always passes.
 */
export function violatedBy(action: GuardedAction, world: World): string | undefined {
  const ready = (revision: string) => world.revisions.find((view) => view.revision === revision)?.ready ?? 0;
  const live = world.route?.weights ?? {};
  if (action.type === 'migrate') return migrationViolation(action, world);
  if (action.type === 'route') {
    const sum = Object.values(action.weights).reduce((a, b) => a + b, 0);
    if (sum !== 100) return `WeightsSumTo100 (they sum to ${sum})`;
    const found = sharingViolation(action, world);
    if (found) return found;
    const anyReady = world.revisions.some((view) => view.ready > 0);
    for (const [revision, weight] of Object.entries(action.weights)) {
      const grows = weight > (live[revision] ?? 0);
      if (anyReady && grows && ready(revision) === 0) return `NoTrafficWithoutReadyPod (${revision})`;
      const barrier = grows ? trafficViolation(revision, world) : undefined;
      if (barrier) return barrier;
    }
    const empty = namedBy(action.extra).find((revision) => ready(revision) === 0);
    return anyReady && empty !== undefined ? `NoTrafficWithoutReadyPod (${empty})` : undefined;
  }
  // An unconfirmed route may still send the weights of before: what it names and what it named are both in use.
  const weight = live[action.revision] ?? 0;
  const unconfirmed = world.route !== undefined && !world.route.confirmed;
  const view = world.revisions.find(({ revision }) => revision === action.revision);
  if (action.type === 'remove') {
    // There is no pod to lose: only what is left of a release that never had any, or has none any more.
    const hasPods = view?.replicas !== undefined || (view?.ready ?? 0) > 0;
    if (!hasPods) return undefined;
    if (world.route?.shared) return capacityViolation({ ...action, replicas: 0 }, world);
    if (weight > 0) return `RoutedRevisionKeepsItsPods (${action.revision} has ${weight} %)`;
    if (namedBy(world.route?.extra).includes(action.revision))
      return `RoutedRevisionKeepsItsPods (${action.revision} has requests by header or copies of requests)`;
    return unconfirmed
      ? `RoutedRevisionKeepsItsPods (the gateway has not confirmed that ${action.revision} has 0 %)`
      : undefined;
  }
  const early = podsViolation(action, world);
  if (early) return early;
  if (world.router === 'service') return capacityViolation(action, world);
  if (action.replicas >= (view?.replicas ?? 0) || weight === 0) return undefined;
  // An environment of size 0 is one that somebody switched off.
  const needed = world.replicas === 0 ? 0 : podsFor(weight, world.replicas - (world.maxUnavailable ?? 0));
  return action.replicas < needed
    ? `ServingCapacity (${action.revision} has ${weight} % and needs ${needed} pods)`
    : undefined;
}

function namedBy(extra: Extra | undefined): string[] {
  return [extra?.headers, extra?.mirror].flatMap((one) => (one ? [one.revision] : []));
}
