import { type Manifest, names, type ResolvedEnvironment } from '../api/resolved.ts';
import type { RouteView } from '../rollout/state.ts';
import type { Live } from './snapshot.ts';

const ROUTED_AT = 'cryptosense.io/routed-at';

/** After the gateway answered for new weights: how long it may take until every one of its workers uses them. */
const SETTLE_MS = 1000;

/** How long after our write the gateway's answer may have come, when this process was not there to see it. */
const UNSEEN_ANSWER_MS = 4000;

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
  return {
    weights: weightsOf(live, resolved),
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
  const prefix = names(environment.name).revision('');
  const spec = live.spec as { rules?: { backendRefs?: { name: string; weight?: number }[] }[] };
  const weights: Record<string, number> = {};
  for (const { name, weight } of spec.rules?.[0]?.backendRefs ?? []) {
    if (name.startsWith(prefix) && (weight ?? 1) > 0) weights[name.slice(prefix.length)] = weight ?? 1;
  }
  return weights;
}

function routedAt(live: Live): number {
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

export function sameWeights(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>> = {},
): boolean {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => (a[key] ?? 0) === (b[key] ?? 0));
}
