import type { World } from './invariants.ts';
import { trafficViolation } from './schema-invariants.ts';
import { podsOf } from './weights.ts';

/** A selector finds every pod with its labels: before it finds those of two releases, there is none of a third. */
export function sharingViolation(
  { shared }: { shared?: readonly string[] },
  world: World,
): string | undefined {
  if (shared === undefined || world.route?.shared) return undefined;
  const other = world.revisions.find(
    (view) => !shared.includes(view.revision) && Math.max(podsOf(view), view.ready) > 0,
  );
  if (other) return `SharingFindsNoOther (the Service would find the pods of ${other.revision})`;
  // Also of those without a ready pod: theirs are found as soon as they are ready.
  for (const revision of shared) {
    const barrier = trafficViolation(revision, world);
    if (barrier) return barrier;
  }
  return undefined;
}

/**
 * Behind a selector, taking pods away moves requests: those that it finds must be enough afterwards, or as many as before.
 * While it is not certain which selector is in use, no ready pod goes that is needed with either.
 */
export function capacityViolation(
  { revision, replicas }: { revision: string; replicas: number },
  world: World,
): string | undefined {
  const { route, revisions } = world;
  const view = revisions.find((one) => one.revision === revision);
  if (!route || replicas >= (view?.replicas ?? view?.ready ?? 0) || world.replicas === 0) return undefined;
  const needed = Math.max(1, world.replicas - (world.maxUnavailable ?? 0));
  const left = Math.min(view?.ready ?? 0, replicas);
  if (!route.confirmed && left < Math.min(needed, view?.ready ?? 0))
    return `ServingCapacity (${revision} may still get requests, and ${left} of its pods would be ready)`;
  if (!route.shared && (route.weights[revision] ?? 0) === 0) return undefined;
  // Of one that alone gets all requests, what is asked for counts, too: pods that start will serve.
  const before = route.shared ? revisions.reduce((sum, one) => sum + one.ready, 0) : (view?.replicas ?? 0);
  const after = route.shared ? before - (view?.ready ?? 0) + left : replicas;
  return after < needed && after < before
    ? `ServingCapacity (${after} of ${needed} pods would be left for the requests)`
    : undefined;
}
