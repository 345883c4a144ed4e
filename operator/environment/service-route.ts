import { type Component, LABELS, type Manifest, names, type ResolvedEnvironment } from '../api/resolved.ts';
import { proportions } from '../rollout/sharing.ts';
import type { RevisionView, RouteView } from '../rollout/state.ts';
import { routedAt, SETTLE_MS, UNSEEN_ANSWER_MS } from './route.ts';
import type { Live } from './snapshot.ts';

const API: Component = 'api';

/** Which pods the live Service finds: those of one revision, those of all, or, when somebody changed it, others. */
type Found = { only: string } | 'all' | 'others';

function foundBy(service: Live, { name }: Pick<ResolvedEnvironment, 'name'>): Found {
  const { selector = {} } = (service.spec ?? {}) as { selector?: Record<string, string> };
  const { [LABELS.environment]: environment, [LABELS.component]: component, ...rest } = selector;
  const { [LABELS.revision]: only, ...others } = rest;
  if (environment !== name || component !== API || Object.keys(others).length > 0) return 'others';
  return only === undefined ? 'all' : { only };
}

export interface Endpoints {
  resolved: ResolvedEnvironment;
  slices: readonly Live[];
  /** Revisions that have a Service of their own, which says what pods of theirs are ready. */
  revisions: readonly string[];
}

/** Whether the Service's endpoints are just the ready pods that its selector is to find. */
export function isFollowed(service: Live, { resolved, slices, revisions }: Endpoints): boolean {
  const found = foundBy(service, resolved);
  if (found === 'others') return false;
  const its = names(resolved.name);
  const selected = found === 'all' ? revisions : [found.only];
  const wanted = new Set(selected.flatMap((revision) => readyAddresses(slices, its.revision(revision))));
  const actual = new Set(readyAddresses(slices, service.metadata.name));
  return wanted.size === actual.size && [...wanted].every((address) => actual.has(address));
}

/**
 * What the live Service sends where, and whether it does so by now: its endpoints are right, and every node had time to
 * follow them. Connections that are open stay where they are until a pod ends them: nobody can see those.
 */
export function serviceView(
  service: Live,
  endpoints: Endpoints,
  views: readonly RevisionView[],
  at: { now: number; answeredAt: number | undefined },
): RouteView {
  const found = foundBy(service, endpoints.resolved);
  const followed = isFollowed(service, endpoints);
  const since = at.answeredAt ?? routedAt(service) + UNSEEN_ANSWER_MS;
  const settlesInMs = followed ? Math.max(0, since + SETTLE_MS - at.now) : 0;
  const problem =
    found === 'others'
      ? 'somebody changed its selector'
      : followed
        ? undefined
        : 'its endpoints are not the ready pods yet';
  return {
    weights: found === 'others' ? {} : found === 'all' ? proportions(views) : { [found.only]: 100 },
    ...(found === 'all' ? { shared: true } : {}),
    confirmed: followed && settlesInMs === 0,
    ...(settlesInMs > 0 ? { settlesInMs } : {}),
    ...(problem ? { problem } : {}),
  };
}

/** Whether a Service as it is written finds the same pods as the live one. */
export function sameSelector(wanted: Manifest, live: Live | undefined): boolean {
  if (!live) return false;
  const of = (service: Manifest | Live) =>
    Object.entries((service.spec as { selector?: Record<string, string> } | undefined)?.selector ?? {})
      .map((entry) => entry.join('='))
      .sort()
      .join();
  return of(wanted) === of(live);
}

/** Addresses of a Service's endpoints that can be used: ready pods that are not being stopped. */
export function readyAddresses(slices: readonly Live[], service: string): string[] {
  type Endpoint = { addresses: string[]; conditions?: { ready?: boolean } };
  return slices
    .filter((slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === service)
    .flatMap((slice) => (slice.endpoints as Endpoint[] | undefined) ?? [])
    .filter((endpoint) => endpoint.conditions?.ready === true)
    .flatMap((endpoint) => endpoint.addresses);
}
