import { milliseconds } from '../api/duration.ts';
import type { EnvironmentStatus } from '../api/status.ts';
import { type Draft, identity, iso } from './draft.ts';
import type { RevisionView, RolloutMemory } from './state.ts';

type Served = NonNullable<EnvironmentStatus['history']>[number];
type Release = NonNullable<RolloutMemory['stable']>;

/** Takes down that a release serves from now on, in place of the stable one. */
export function recordPromotion(draft: Draft, view: RevisionView, old: Release | undefined): void {
  const { memory, input } = draft;
  const at = iso(draft);
  // An environment of an earlier version of the operator has no history yet.
  const known: Served[] = memory.history ?? (old ? [{ ...identity(old), promotedAt: at }] : []);
  const others = known
    .filter(({ revision }) => revision !== view.revision)
    .map((one) => (one.revision === old?.revision ? { ...one, replacedAt: at } : one));
  memory.history = [...others, { ...identity(view), promotedAt: at }].slice(-(input.policy.historyLimit + 1));
}

/** The release that served before the stable one and whose pods are still there. */
export function predecessor(draft: Draft): Served | undefined {
  const { memory, views } = draft;
  const before = (memory.history ?? []).findLast(
    ({ revision, replacedAt, failed }) =>
      revision !== memory.stable?.revision && replacedAt !== undefined && !failed,
  );
  return before && views.get(before.revision)?.replicas !== undefined ? before : undefined;
}

/** The stable release was sent back after all: what is known of it does not count for a quick return. */
export function markFailed(draft: Draft, failed: string, back: string): void {
  const at = iso(draft);
  draft.memory.history = (draft.memory.history ?? []).map((one) => {
    if (one.revision === failed) return { ...one, replacedAt: at, failed: true };
    if (one.revision !== back) return one;
    const { replacedAt: _, ...serving } = one;
    return serving;
  });
}

/** Why a release is known well enough to be returned to at once; undefined when it is not. */
export function returnReason({ memory, input, views }: Draft, revision: string): string | undefined {
  const served = memory.history?.find((one) => one.revision === revision);
  if (!served?.replacedAt || served.failed) return undefined;
  const { rollbackWindow } = input.policy;
  const since = input.now - Date.parse(served.replacedAt);
  if (since <= milliseconds(rollbackWindow)) return `it served less than ${rollbackWindow} ago`;
  return views.get(revision)?.replicas === undefined ? undefined : 'its pods are still there';
}
