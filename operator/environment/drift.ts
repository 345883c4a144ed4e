import type { Manifest } from '../api/resolved.ts';
import { shortHash } from '../api/short-hash.ts';
import { canonicalJson } from '../rollout/revision.ts';
import type { Live } from './snapshot.ts';

const HASH = 'cryptosense.io/applied';

/** What is frozen was rendered once and is looked at in every reconciliation: it is hashed once. */
const STAMPED = new WeakMap<Manifest, Manifest>();

/** Live objects that were found to agree with the manifest of which they have the hash. */
const AGREED = new WeakSet<Live>();

/** `manifest` with the hash of its content as an annotation, by which a changed wish is told from an unchanged one. */
export function stamped(manifest: Manifest): Manifest {
  const known = STAMPED.get(manifest);
  if (known) return known;
  const hash = shortHash(canonicalJson(manifest));
  const annotations = { ...manifest.metadata.annotations, [HASH]: hash };
  const result = { ...manifest, metadata: { ...manifest.metadata, annotations } };
  if (Object.isFrozen(manifest)) STAMPED.set(manifest, Object.freeze(result));
  return result;
}

/** Whether `live` was written from a manifest of this operator. */
export function isStamped(live: Live): boolean {
  return live.metadata.annotations?.[HASH] !== undefined;
}

/**
 * Why `manifest` (stamped) has to be written over `live`, or undefined when it does not.
 * `settled` answers whether this very state of the live object came from our last write of this manifest: the API
 * server may keep a value in another form than it was given, which is no drift.
 */
export function reasonToApply(
  manifest: Manifest,
  live: Live | undefined,
  settled: (live: Live) => boolean,
): string | undefined {
  if (!live || live.metadata.deletionTimestamp) return 'it is missing';
  if (live.metadata.annotations?.[HASH] !== manifest.metadata.annotations?.[HASH])
    return 'its definition changed';
  if (AGREED.has(live)) return undefined;
  const path = firstDifference(manifest, live, '');
  if (path === undefined && Object.isFrozen(live)) AGREED.add(live);
  return path === undefined || settled(live) ? undefined : `somebody changed ${path}`;
}

/** Path of the first value of `wanted` that `actual` does not have; what `actual` has beyond it does not count. */
function firstDifference(wanted: unknown, actual: unknown, path: string): string | undefined {
  // Equal parts of what is rendered and what is cached are often one object.
  if (wanted === actual) return undefined;
  if (Array.isArray(wanted)) {
    if (!Array.isArray(actual) || actual.length !== wanted.length) return path;
    for (const [i, item] of wanted.entries()) {
      if (item === actual[i]) continue;
      const found = firstDifference(item, actual[i], `${path}[${i}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (wanted === null || typeof wanted !== 'object') return path;
  const object =
    actual !== null && typeof actual === 'object' ? (actual as Record<string, unknown>) : undefined;
  for (const key of Object.keys(wanted)) {
    const value = (wanted as Record<string, unknown>)[key];
    // An empty object and an absent one mean the same to the API server.
    if (value === undefined || value === object?.[key]) continue;
    if (object === undefined) return path;
    const found = firstDifference(value, object[key], path ? `${path}.${key}` : key);
    if (found !== undefined) return found;
  }
  return undefined;
}
