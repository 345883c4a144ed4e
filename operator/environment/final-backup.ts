import { type Environment, names, resolveEnvironment } from '../api/resolved.ts';
import { BACKUP_KIND } from '../api/well-known.ts';
import { type BackupStatus, conditionOf, RUNNING } from '../backup/record.ts';
import type { Action } from './actions.ts';
import { backupObject, jobAction } from './backup-actions.ts';
import type { Live } from './snapshot.ts';

/** On an environment: it is deleted without a backup of what is in it now. */
const SKIP = 'cryptosense.io/skip-final-backup';

/** What the API server says of everything that is to be made in a namespace that ends. */
const NAMESPACE_ENDS = 'because it is being terminated';

/** What the deletion waits for before it goes on to what holds the data. */
export interface FinalBackup {
  readonly actions: Action[];
  readonly message: string;
  /** Why it does not go on by itself. */
  readonly problem?: string;
}

/**
 * The next step towards a last full backup of an environment that is being deleted, when nobody writes to its database any
 * more; undefined when there is one, or when there is to be none: no backups are taken, the database is gone, somebody said
 * so (SKIP), or the namespace ends, in which nothing can be made. Pure. `refused`: what the API server said to the last try.
 */
export function finalBackup(
  { environment, objects, now }: { environment: Environment; objects: Live[]; now: number },
  refused: string | undefined,
): FinalBackup | undefined {
  const { name, uid, annotations } = environment.metadata;
  const resolved = resolveEnvironment(environment);
  const hasDatabase = objects.some(
    ({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === names(name).database,
  );
  const isSkipped = annotations?.[SKIP] === 'true' || refused?.includes(NAMESPACE_ENDS);
  if (!resolved.spec.backup.enabled || !hasDatabase || isSkipped) return undefined;
  const its = names(name).finalBackup(uid);
  const live = objects.find(({ kind, metadata }) => kind === BACKUP_KIND && metadata.name === its);
  const message = `Deleting the environment: waiting for the final backup, CryptoSenseBackup ${its}.`;
  if (!live) {
    const why = 'what is deleted is backed up before';
    return {
      message,
      actions: [{ type: 'apply', manifest: backupObject({ resolved }, its), why, isNew: true }],
    };
  }
  const status = (live.status ?? {}) as BackupStatus;
  const bad = ['Completed', 'Verified']
    .map((type) => conditionOf(status, type))
    .find((condition) => condition?.status === 'False' && condition.reason !== RUNNING);
  if (bad) {
    const remedy = `to try again: kubectl delete csb ${its}; to delete without it: kubectl annotate cse ${name} ${SKIP}=true`;
    return { message, actions: [], problem: `The final backup failed: ${bad.message} (${remedy})` };
  }
  if (conditionOf(status, 'Verified')?.status === 'True') return undefined;
  const job = jobAction({ resolved, now, objects }, live);
  return { message, actions: job ? [job] : [] };
}
