import { type Manifest, names, type ResolvedEnvironment } from '../api/resolved.ts';
import { canonicalJson } from '../rollout/revision.ts';
import type { Extra, RouteView } from '../rollout/state.ts';
import type { Header } from '../rollout/steps.ts';
import type { Live } from './snapshot.ts';

const ROUTED_AT = 'cryptosense.io/routed-at';

/** After the gateway or the endpoints follow: how long it may take until all workers of the gateway, or all nodes, do. */
export const SETTLE_MS = 1000;

/** How long after our write the gateway's answer may have come, when this process was not there to see it. */
export const UNSEEN_ANSWER_MS = 4000;

interface Answer {
  type: string;
  status: string;
  observedGeneration?: number;
  message?: string;
}

/** What the gateway has to say of a route, for its newest generation. */
const QUESTIONS = ['Accepted', 'ResolvedRefs'];

/** Whether the gateway has taken the newest generation of the route over. */
export function isAnswered(live: Live): boolean {
  return QUESTIONS.every((type) =>
    answers(live).some((answer) => answer.type === type && answer.status === 'True'),
  );
}

/**
 * What the live HTTPRoute sends where, and whether the gateway does it. The moment to settle begins with the
 * gateway's answer, `answeredAt`, not with our write: a busy gateway may need seconds to come to it. A process that
 * did not see the answer come reckons from the write, with more time.
 */
export function routeView(
  live: Live,
  resolved: ResolvedEnvironment,
  now: number,
  answeredAt: number | undefined,
): RouteView {
  const problems = answers(live)
    .filter(({ type, status }) => QUESTIONS.includes(type) && status !== 'True')
    .map(({ type, status, message }) => `${type} is ${status}: ${message ?? 'no message'}`);
  if (parentsOf(live).length === 0) problems.push('no gateway has taken the route over yet');
  const answered = isAnswered(live);
  const since = answeredAt ?? routedAt(live) + UNSEEN_ANSWER_MS;
  const settlesInMs = answered ? Math.max(0, since + SETTLE_MS - now) : 0;
  const extra = extraOf(live, resolved);
  return {
    weights: weightsOf(live, resolved),
    ...(extra ? { extra } : {}),
    confirmed: answered && settlesInMs === 0,
    ...(settlesInMs > 0 ? { settlesInMs } : {}),
    ...(problems.length > 0 ? { problem: problems.join('; ') } : {}),
  };
}

function parentsOf(live: Live): { conditions?: Answer[] }[] {
  return (live.status as { parents?: { conditions?: Answer[] }[] } | undefined)?.parents ?? [];
}

/** The gateway's answers of this generation; older ones are about other weights. */
function answers(live: Live): Answer[] {
  const all = parentsOf(live).flatMap((parent) => parent.conditions ?? []);
  return all.filter((answer) => answer.observedGeneration === live.metadata.generation);
}

function weightsOf(live: Live, environment: ResolvedEnvironment): Record<string, number> {
  const weights: Record<string, number> = {};
  for (const { name, weight } of rulesOf(live).find((rule) => !isByHeader(rule))?.backendRefs ?? []) {
    const revision = revisionOf(name, environment);
    if (revision !== undefined && (weight ?? 1) > 0) weights[revision] = weight ?? 1;
  }
  return weights;
}

interface Rule {
  matches?: { headers?: Header[] }[];
  backendRefs?: { name: string; weight?: number }[];
  filters?: { requestMirror?: { backendRef?: { name?: string }; percent?: number } }[];
}

function rulesOf(live: Live): Rule[] {
  return (live.spec as { rules?: Rule[] } | undefined)?.rules ?? [];
}

function isByHeader({ matches }: Rule): boolean {
  return (matches?.[0]?.headers ?? []).length > 0;
}

/** The revision whose Service has this name, if it is one of the environment's. */
function revisionOf(service: string, environment: ResolvedEnvironment): string | undefined {
  const prefix = names(environment.name).revision('');
  return service.startsWith(prefix) ? service.slice(prefix.length) : undefined;
}

/** What the route does besides sharing by weight. */
function extraOf(live: Live, environment: ResolvedEnvironment): Extra | undefined {
  const byHeader = rulesOf(live).find(isByHeader);
  const named = revisionOf(byHeader?.backendRefs?.[0]?.name ?? '', environment);
  const copies = rulesOf(live)
    .flatMap(({ filters }) => filters ?? [])
    .find(({ requestMirror }) => requestMirror)?.requestMirror;
  const copied = revisionOf(copies?.backendRef?.name ?? '', environment);
  if (named === undefined && copied === undefined) return undefined;
  const match = (byHeader?.matches?.[0]?.headers ?? []).map(({ name, value }) => ({ name, value }));
  return {
    ...(named === undefined ? {} : { headers: { revision: named, match } }),
    ...(copied === undefined ? {} : { mirror: { revision: copied, percent: copies?.percent ?? 100 } }),
  };
}

export function routedAt(live: Live): number {
  return Date.parse(live.metadata.annotations?.[ROUTED_AT] ?? '') || 0;
}

/** `manifest` with the time of the last change of weights. A route whose weights stay keeps the time that `live` has. */
export function withRoutedAt(
  manifest: Manifest,
  live: Live | undefined,
  same: boolean,
  now: number,
): Manifest {
  const at = (same && live?.metadata.annotations?.[ROUTED_AT]) || new Date(now).toISOString();
  const annotations = { ...manifest.metadata.annotations, [ROUTED_AT]: at };
  return { ...manifest, metadata: { ...manifest.metadata, annotations } };
}

type Traffic = Pick<RouteView, 'weights' | 'extra'>;

/** Whether two routes send the same requests to the same revisions. */
export function sameTraffic(a: Traffic, b: Traffic | undefined): boolean {
  if (!b) return false;
  const revisions = [...new Set([...Object.keys(a.weights), ...Object.keys(b.weights)])];
  const isSameShare = revisions.every(
    (revision) => (a.weights[revision] ?? 0) === (b.weights[revision] ?? 0),
  );
  return isSameShare && canonicalJson(a.extra ?? {}) === canonicalJson(b.extra ?? {});
}
