import { type Environment, FINALIZER } from '../api/resolved.ts';
import type { Action } from './actions.ts';

/** Only people delete these: a new environment of the same name takes them over, and backups outlive what they are of. */
export const RETAINED: ReadonlySet<string> = new Set([
  'PersistentVolumeClaim',
  'PersistentVolume',
  'Secret',
  'CryptoSenseBackup',
  'CryptoSenseRestore',
]);

/** Their pods are the only ones that can read the volumes. */
const HOLDS_DATA: ReadonlySet<string> = new Set(['StatefulSet']);

/**
 * The invariant that one of `actions` would break, or undefined: nothing that holds data is deleted without the user's
 * word. The word is the deletionTimestamp of this very environment: nobody can take it back. What is retained is
 * never deleted at all.
 */
export function dataViolation(actions: readonly Action[], environment: Environment): string | undefined {
  const { deletionTimestamp, finalizers = [] } = environment.metadata;
  const hasWord = deletionTimestamp !== undefined && finalizers.includes(FINALIZER);
  for (const action of actions) {
    if (action.type === 'end' && !hasWord) return 'NothingIsDeletedWithoutTheUsersWord (the environment)';
    if (action.type !== 'delete') continue;
    const isWrong = RETAINED.has(action.kind) || (HOLDS_DATA.has(action.kind) && !hasWord);
    if (isWrong) return `NothingIsDeletedWithoutTheUsersWord (${action.kind} ${action.name})`;
  }
  return undefined;
}
