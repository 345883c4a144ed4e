import { renderRoute, renderServiceRoute } from '../../charts/render.ts';
import {
  type Environment,
  LABELS,
  type Manifest,
  names,
  type OwnerReference,
  type ResolvedEnvironment,
  resolveEnvironment,
} from '../api/resolved.ts';
import type { GuardedAction } from '../rollout/invariants.ts';
import { namedIn } from '../rollout/sharing.ts';
import type { RolloutDecision } from '../rollout/state.ts';
import type { Action } from './actions.ts';
import type { Caches } from './caches.ts';
import { reasonToApply, stamped } from './drift.ts';
import { owned } from './ownership.ts';
import { isAnswered, routedAt, sameTraffic, withRoutedAt } from './route.ts';
import { type Endpoints, isFollowed, sameSelector } from './service-route.ts';
import type { Live, Snapshot } from './snapshot.ts';
import { Templates } from './templates.ts';

const ROUTES = new Templates(renderRoute);
const SERVICE_ROUTES = new Templates(renderServiceRoute);

/** What the router of the environment's mode is, as an object. */
function kindOf({ spec }: Pick<ResolvedEnvironment, 'spec'>): 'HTTPRoute' | 'Service' {
  return spec.routing.mode === 'service' ? 'Service' : 'HTTPRoute';
}

/** The write that sends the requests where the decision wants them, and what is left of the other mode's router after it. */
export function routerActions(
  snapshot: Snapshot,
  decision: RolloutDecision,
  owner: OwnerReference,
  settled: (live: Live) => boolean,
): Action[] {
  const { weights } = decision;
  if (!weights || !snapshot.has(kindOf(snapshot.resolved))) return [];
  const wanted = owned(manifestOf(snapshot.resolved, decision, weights), owner);
  const live = snapshot.live(wanted);
  const { extra, shared } = decision;
  const isSame =
    wanted.kind === 'Service'
      ? sameSelector(wanted, live)
      : sameTraffic({ weights, ...(extra ? { extra } : {}) }, snapshot.route);
  const marked = stamped(withRoutedAt(wanted, live, isSame, snapshot.now));
  const why = reasonToApply(marked, live, settled);
  if (!why) return formerRouter(snapshot);
  const shares = Object.entries(weights).map(([revision, weight]) => `${revision} ${weight} %`);
  const guarded: GuardedAction = {
    type: 'route',
    weights,
    ...(extra ? { extra } : {}),
    ...(shared ? { shared } : {}),
  };
  return [
    {
      type: 'applyGuarded',
      manifest: marked,
      guarded,
      why: `${why}: ${shares.join(', ')}`,
      isNew: live === undefined,
      ...(live ? { resourceVersion: live.metadata.resourceVersion } : {}),
    },
  ];
}

function manifestOf(
  resolved: ResolvedEnvironment,
  { extra, shared }: RolloutDecision,
  weights: Readonly<Record<string, number>>,
): Manifest {
  if (kindOf(resolved) === 'Service') {
    const [only] = namedIn(weights);
    return SERVICE_ROUTES.of(resolved, shared ? undefined : only);
  }
  const backends = Object.entries(weights).map(([revision, weight]) => ({ revision, weight }));
  return ROUTES.of(resolved, backends, extra);
}

/** After a change of routing.mode, clients have the old address until the new one is known to work. */
function formerRouter({ resolved, route, live }: Snapshot): Action[] {
  if (!route?.confirmed) return [];
  const { name, namespace } = resolved;
  const kind = kindOf(resolved) === 'Service' ? 'HTTPRoute' : 'Service';
  const left = live({ kind, metadata: { name: names(name).api, namespace } });
  if (!left || left.metadata.deletionTimestamp) return [];
  const { uid, resourceVersion } = left.metadata;
  const why = `routing.mode is ${resolved.spec.routing.mode} now`;
  return [{ type: 'delete', kind, name: left.metadata.name, uid, resourceVersion, why }];
}

/**
 * What the router was told last, as a text that is another one after every change, and whether the cluster does it: the
 * gateway has answered, or the Service's endpoints are right.
 */
export function answerOf(
  caches: Pick<Caches, 'get' | 'of'>,
  environment: Environment,
): { told: string; isAnswered: boolean } {
  const resolved = resolveEnvironment(environment);
  const live = caches.get(kindOf(resolved), resolved.namespace, names(resolved.name).api);
  if (!live) return { told: 'none', isAnswered: false };
  const { uid, generation } = live.metadata;
  if (live.kind !== 'Service') return { told: `${uid}/${generation}`, isAnswered: isAnswered(live) };
  const followed = isFollowed(live, endpointsOf(caches, resolved));
  return { told: `${uid}/${routedAt(live)}`, isAnswered: followed };
}

export function endpointsOf(caches: Pick<Caches, 'of'>, resolved: ResolvedEnvironment): Endpoints {
  const { name, namespace } = resolved;
  const revisions = caches
    .of('Service', namespace, name)
    .flatMap(({ metadata }) => metadata.labels?.[LABELS.revision] ?? []);
  return { resolved, slices: caches.of('EndpointSlice', namespace, name), revisions };
}
