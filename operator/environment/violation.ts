import { violatedBy, type World } from '../rollout/invariants.ts';
import { bounds } from '../rollout/rolling.ts';
import type { RevisionView, RolloutDecision } from '../rollout/state.ts';
import type { Action } from './actions.ts';
import type { Snapshot } from './snapshot.ts';

/** The first invariant that one of these writes would break, in their order; undefined when none would. */
export function firstViolation(
  actions: Action[],
  snapshot: Snapshot,
  decision: RolloutDecision,
): string | undefined {
  const { replicas, autoscaling, rollout } = snapshot.resolved.spec;
  const size = replicas ?? autoscaling.minReplicas;
  const isRolling = rollout.strategy === 'rolling';
  let world: World = {
    revisions: snapshot.views,
    route: snapshot.route,
    router: snapshot.resolved.spec.routing.mode,
    replicas: size,
    maxUnavailable: isRolling ? bounds(rollout.rolling, size).missing : 0,
    schema: {
      now: snapshot.now,
      migration: snapshot.migration,
      rollbackWindow: snapshot.resolved.spec.rollout.rollbackWindow,
      stable: snapshot.environment.status?.stable ?? decision.memory.stable,
    },
  };
  for (const action of actions) {
    if (!('guarded' in action) || !action.guarded) continue;
    const violated = violatedBy(action.guarded, world);
    if (violated) return violated;
    // Each may take pods away that are not needed, and all of them together may not.
    if (action.guarded.type === 'scale') world = scaled(world, action.guarded);
  }
  return undefined;
}

/** The world after pods were taken away: what a Service leaves to others has to be enough once more. */
function scaled(world: World, { revision, replicas }: { revision: string; replicas: number }): World {
  const of = (view: RevisionView) =>
    view.revision === revision && replicas < (view.replicas ?? 0)
      ? { ...view, replicas, ready: Math.min(view.ready, replicas) }
      : view;
  return { ...world, revisions: world.revisions.map(of) };
}
