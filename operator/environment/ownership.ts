import { type Component, LABELS, type Manifest, type OwnerReference } from '../api/resolved.ts';
import type { Live } from './snapshot.ts';

/**
 * What an environment is taken down by, in this order; a step begins when nothing of the one before it is left, its
 * pods included. At 'the final backup' nobody writes any more, and the database, its settings and the
 * NetworkPolicies are still there. The NetworkPolicies protect pods until there is none.
 */
export const STEPS = [
  'the route',
  'the API',
  'PgBouncer',
  'the final backup',
  'Redis',
  'PostgreSQL',
  'the NetworkPolicies',
] as const;

export type Step = (typeof STEPS)[number];

const STEP_OF: Record<Component, Step> = {
  routing: 'the route',
  monitoring: 'the API',
  api: 'the API',
  migration: 'the API',
  'database-check': 'the API',
  restore: 'the API',
  analysis: 'the API',
  predictor: 'the API',
  forms: 'the API',
  pooler: 'PgBouncer',
  backup: 'the final backup',
  cache: 'Redis',
  sentinel: 'Redis',
  database: 'PostgreSQL',
  network: 'the NetworkPolicies',
};

/** What has a component that this version does not know goes with the API: before anything that holds data. */
export function stepOf({ metadata }: Pick<Live | Manifest, 'metadata'>): Step {
  return STEP_OF[metadata.labels?.[LABELS.component] as Component] ?? 'the API';
}

/**
 * An ownerReference lets the garbage collector delete an object at the very moment at which somebody deletes the
 * environment in the foreground. That is right only for what serves requests: it ends by itself what it has begun.
 * What holds data, or is needed to save it, has no owner: it goes when its step comes.
 */
const OWNED: ReadonlySet<Step> = new Set(['the route', 'the API']);

export function owned(manifest: Manifest, owner: OwnerReference): Manifest {
  if (!OWNED.has(stepOf(manifest))) return manifest;
  const known = WITH_OWNER.get(manifest);
  if (known && sameOwner(known.metadata.ownerReferences?.[0], owner)) return known;
  const metadata = { ...manifest.metadata, ownerReferences: [owner] };
  const result = { ...manifest, metadata };
  if (!Object.isFrozen(manifest)) return result;
  for (const part of [owner, metadata.ownerReferences, metadata, result]) Object.freeze(part);
  WITH_OWNER.set(manifest, result);
  return result;
}

/** What is frozen was rendered once and is looked at in every reconciliation: the same object is the same answer. */
const WITH_OWNER = new WeakMap<Manifest, Manifest>();

function sameOwner(a: OwnerReference | undefined, b: OwnerReference): boolean {
  return a?.uid === b.uid && a.name === b.name && a.kind === b.kind && a.apiVersion === b.apiVersion;
}

/** Whether `live` has the owner that `owned` gives it in an environment with this uid, and no other controller. */
export function hasRightOwner(live: Live, uid: string): boolean {
  if (otherController(live, uid)) return false;
  const isOwned = live.metadata.ownerReferences?.some((owner) => owner.uid === uid && owner.controller);
  return isOwned === true || !OWNED.has(stepOf(live));
}

/** The controller that `live` belongs to, when that is another than the object with `uid`. */
export function otherController(live: Live, uid: string): { kind?: string; name?: string } | undefined {
  return live.metadata.ownerReferences?.find((owner) => owner.controller && owner.uid !== uid);
}
