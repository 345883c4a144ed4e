import { type Manifest, names, type ResolvedEnvironment } from '../api/resolved.ts';
import type { RouteView } from '../rollout/state.ts';
import type { Live } from './snapshot.ts';

const ROUTED_AT = 'cryptosense.io/routed-at';

/** After the gateway reported new weights: how long it may take until every one of its workers uses them. */
const SETTLE_MS = 1000;

/** What the live HTTPRoute sends where, and whether the gateway has taken that over. */
export function routeView(live: Live, resolved: ResolvedEnvironment, now: number): RouteView {
  const { weights, routedAt } = routeOf(live, resolved);
  type Parent = {
    conditions?: { type: string; status: string; observedGeneration?: number; message?: string }[];
  };
  const parents = (live.status as { parents?: Parent[] } | undefined)?.parents ?? [];
  const conditions = parents.flatMap((parent) => parent.conditions ?? []);
  const problems = ['Accepted', 'ResolvedRefs'].flatMap((type) => {
    const current = conditions.find(
      (c) => c.type === type && c.observedGeneration === live.metadata.generation,
    );
    if (!current) return [];
    return current.status === 'True'
      ? []
      : [`${type} is ${current.status}: ${current.message ?? 'no message'}`];
  });
  const answered = ['Accepted', 'ResolvedRefs'].every((type) =>
    conditions.some(
      (c) => c.type === type && c.status === 'True' && c.observedGeneration === live.metadata.generation,
    ),
  );
  if (parents.length === 0) problems.push('no gateway has taken the route over yet');
  const settlesInMs = Math.max(0, routedAt + SETTLE_MS - now);
  return {
    weights,
    confirmed: answered && settlesInMs === 0,
    ...(answered && settlesInMs > 0 ? { settlesInMs } : {}),
    ...(problems.length > 0 ? { problem: problems.join('; ') } : {}),
  };
}

/** Percentages and confirmation time as a route carries them; see `withRoutedAt`. */
function routeOf(
  live: Live,
  environment: ResolvedEnvironment,
): { weights: Record<string, number>; routedAt: number } {
  const prefix = names(environment.name).revision('');
  const spec = live.spec as { rules?: { backendRefs?: { name: string; weight?: number }[] }[] };
  const weights: Record<string, number> = {};
  for (const { name, weight } of spec.rules?.[0]?.backendRefs ?? []) {
    if (name.startsWith(prefix) && (weight ?? 1) > 0) weights[name.slice(prefix.length)] = weight ?? 1;
  }
  return { weights, routedAt: Date.parse(live.metadata.annotations?.[ROUTED_AT] ?? '') || 0 };
}

/**
 * `manifest` with the time of the last change of weights, from which on the gateway is given a moment. A route whose
 * weights stay keeps the time that `live` has.
 */
export function withRoutedAt(
  manifest: Manifest,
  live: Live | undefined,
  same: boolean,
  now: number,
): Manifest {
  const routedAt = (same && live?.metadata.annotations?.[ROUTED_AT]) || new Date(now).toISOString();
  const annotations = { ...manifest.metadata.annotations, [ROUTED_AT]: routedAt };
  return { ...manifest, metadata: { ...manifest.metadata, annotations } };
}

export function sameWeights(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>> = {},
): boolean {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => (a[key] ?? 0) === (b[key] ?? 0));
}
