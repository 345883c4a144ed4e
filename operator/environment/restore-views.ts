import { createHash } from 'node:crypto';
import { RESTORE_KIND } from '../api/well-known.ts';
import type { RestoreStatus, RestoreView } from '../restore/view.ts';
import type { Snapshot } from './snapshot.ts';

/** The CryptoSenseRestores that are not on their way out, as they are decided by. */
export function restoresOf({ all, now }: Pick<Snapshot, 'all' | 'now'>): RestoreView[] {
  return all(RESTORE_KIND)
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata, spec, status }) => ({
      name: metadata.name,
      uid: metadata.uid,
      generation: metadata.generation ?? 1,
      createdAt: Date.parse(metadata.creationTimestamp ?? new Date(now).toISOString()),
      spec: spec as RestoreView['spec'],
      status: seenStatus(status as RestoreStatus | undefined),
    }));
}

/** -1 is what the API server puts in the place of a status that was never written. */
function seenStatus(status: RestoreStatus = {}): RestoreStatus {
  const { observedGeneration, ...rest } = status;
  return observedGeneration === -1 ? rest : status;
}

/** A resource that was deleted and made again under the same name is another restore. */
export function hashOf({ uid }: Pick<RestoreView, 'uid'>): string {
  return createHash('sha256').update(uid).digest('hex').slice(0, 10);
}
