import { amount } from '../../charts/quantity.ts';
import type { Manifest } from '../api/resolved.ts';
import type { Action } from './actions.ts';
import type { Live } from './snapshot.ts';

/** A claim whose growth the API server refused, and when. */
export interface Refusal {
  size: string;
  message: string;
  at: number;
}

/** By the name of the claim. */
export type Refusals = ReadonlyMap<string, Refusal>;

interface Template {
  metadata: { name: string };
  spec: { resources: { requests: { storage: string } } };
}

interface Claim {
  phase?: string;
  capacity?: { storage?: string };
  conditions?: { type: string; status: string; message?: string }[];
}

/** Nobody tells when a StorageClass begins to allow growth. */
const TRY_AGAIN_MS = 600_000;
const SAID_MS = 1000;
const LONGEST_PROBLEM = 300;

/**
 * What makes the volumes of a StatefulSet as large as `wanted` (its manifest) asks for. Pure, one step after the other;
 * the operator may end after any of them. First each claim; then, because the size in a StatefulSet cannot be changed,
 * the StatefulSet alone is deleted, its pods and claims stay as orphans, and the caller writes it again: it adopts them
 * by their labels, and no pod restarts. Nothing is done that would make a volume smaller.
 */
export function growthOf(
  wanted: Manifest,
  live: Live | undefined,
  known: { claims: Live[]; refusals: Refusals; now: number },
): Extract<Action, { type: 'growClaim' | 'orphan' }>[] {
  if (!live || live.metadata.deletionTimestamp) return [];
  const steps: Extract<Action, { type: 'growClaim' | 'orphan' }>[] = [];
  let isBehind = false;
  for (const { template, size, liveSize } of sizes(wanted, live)) {
    const claims = claimsOf(live, template, known.claims);
    const small = claims.filter((claim) => amount(requested(claim)) < amount(size));
    for (const claim of small) {
      const { name, uid, resourceVersion } = claim.metadata;
      const refused = known.refusals.get(name);
      if (refused?.size === size && known.now - refused.at < TRY_AGAIN_MS) continue;
      // A claim that waits for its volume cannot be changed.
      if ((claim.status as Claim | undefined)?.phase !== 'Bound') continue;
      const why = `${requested(claim)} was made, and ${size} is asked for`;
      steps.push({ type: 'growClaim', name, size, uid, resourceVersion, why });
    }
    if (small.length === 0 && claims.length > 0 && amount(liveSize) < amount(size)) isBehind = true;
  }
  if (policyOf(wanted) !== policyOf(live)) isBehind = true;
  if (!isBehind || steps.length > 0 || !keepsClaims(live)) return steps;
  const { name, uid, resourceVersion } = live.metadata;
  const why = 'what is new in it cannot be changed: it is made again around its pods, which stay';
  return [{ type: 'orphan', name, uid, resourceVersion, why }];
}

/**
 * Whether a StatefulSet is being made again: it is being deleted, and whatever is written to it now would go with it.
 * Its removal is seen by the caches, and then it is missing.
 */
export function isOrphaned(growth: { type: string }[], live: Live | undefined): boolean {
  const isGoing = live?.kind === 'StatefulSet' && live.metadata.deletionTimestamp !== undefined;
  return isGoing || growth.some(({ type }) => type === 'orphan');
}

/** When to look again: nothing tells of an attempt that was refused, nor when the next one would not be. */
export function growthAgainInMs(
  actions: { type: string }[],
  { refusals, now }: { refusals: Refusals; now: number },
): number {
  if (actions.some(({ type }) => type === 'growClaim')) return SAID_MS;
  return Math.min(...[...refusals.values()].map(({ at }) => Math.max(SAID_MS, at + TRY_AGAIN_MS - now)));
}

/** A sentence about volumes that are not as large as `wanted` asks for, or '', and whether something is under way. */
export function volumeNote(
  live: Live | undefined,
  wanted: string,
  known: { claims: Live[]; refusals: Refusals },
): { note: string; moving: boolean } {
  const claims = live
    ? templatesOf(live).flatMap((template) => claimsOf(live, template.metadata.name, known.claims))
    : [];
  for (const claim of claims) {
    const { name } = claim.metadata;
    const { phase, capacity, conditions = [] } = (claim.status ?? {}) as Claim;
    const [size, asked] = [requested(claim), amount(wanted)];
    const { storageClassName = 'of the cluster' } = claim.spec as { storageClassName?: string };
    const refused = known.refusals.get(name);
    if (amount(size) > asked)
      return { note: `Volume ${name} stays at ${size}: a volume cannot shrink to ${wanted}.`, moving: false };
    if (amount(size) < asked && refused?.size === wanted) {
      const why = /must support resize/.test(refused.message)
        ? `StorageClass ${storageClassName} does not let volumes grow (allowVolumeExpansion)`
        : refused.message.slice(0, LONGEST_PROBLEM);
      return {
        note: `Volume ${name} stays at ${size}, although ${wanted} is asked for: ${why}.`,
        moving: false,
      };
    }
    if (amount(size) < asked) {
      const why = phase === 'Bound' ? '' : ' when it is bound';
      return { note: `Volume ${name} grows from ${size} to ${wanted}${why}.`, moving: true };
    }
    if (capacity?.storage !== undefined && amount(capacity.storage) < amount(size)) {
      const { type, message } = conditions.find(({ status }) => status === 'True') ?? {};
      const state = type ? ` (${type}${message ? `: ${message.slice(0, LONGEST_PROBLEM)}` : ''})` : '';
      return { note: `Volume ${name} grows from ${capacity.storage} to ${size}${state}.`, moving: true };
    }
  }
  return { note: '', moving: false };
}

/** Claims that would go with their StatefulSet make its deletion one of data. */
function keepsClaims({ spec }: Live): boolean {
  const { persistentVolumeClaimRetentionPolicy: policy } = spec as {
    persistentVolumeClaimRetentionPolicy?: { whenDeleted?: string };
  };
  return policy?.whenDeleted !== 'Delete';
}

/** Whether its pods wait for each other; it cannot be changed either. */
function policyOf({ spec }: Live | Manifest): string {
  const { podManagementPolicy } = (spec ?? {}) as { podManagementPolicy?: string };
  return podManagementPolicy ?? 'OrderedReady';
}

function sizes(wanted: Manifest, live: Live): { template: string; size: string; liveSize: string }[] {
  return templatesOf(wanted).flatMap(({ metadata, spec }) => {
    const same = templatesOf(live).find((template) => template.metadata.name === metadata.name);
    const size = spec.resources.requests.storage;
    return same ? [{ template: metadata.name, size, liveSize: same.spec.resources.requests.storage }] : [];
  });
}

function templatesOf({ spec }: Live | Manifest): Template[] {
  return (spec as { volumeClaimTemplates?: Template[] } | undefined)?.volumeClaimTemplates ?? [];
}

/** The claims that the StatefulSet's controller made of one template: <template>-<StatefulSet>-<number>. */
function claimsOf(live: Live, template: string, claims: Live[]): Live[] {
  const start = `${template}-${live.metadata.name}-`;
  return claims.filter(({ metadata: { name, deletionTimestamp } }) => {
    return !deletionTimestamp && name.startsWith(start) && /^\d+$/.test(name.slice(start.length));
  });
}

function requested({ spec }: Live): string {
  return (spec as { resources: { requests: { storage: string } } }).resources.requests.storage;
}
