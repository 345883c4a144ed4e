import type { Manifest, OwnerReference } from '../api/resolved.ts';
import type { BackupStatus } from '../backup/record.ts';
import type { Phase } from '../database/login.ts';
import type { GuardedAction } from '../rollout/invariants.ts';
import type { Note, Verb } from '../rollout/state.ts';
import { reasonToApply, stamped } from './drift.ts';
import type { FormRecord } from './forms.ts';
import type { Live, RevisionRecord, Snapshot } from './snapshot.ts';

/** One write. What can hurt traffic carries the version that the plan saw: on 409 the world is looked at again. */
export type Action =
  /** The first write of all, on the environment itself. */
  | { type: 'begin'; finalizers?: string[]; replicas?: number }
  | { type: 'createCredentials' }
  | { type: 'record'; record: RevisionRecord; owner: OwnerReference }
  | { type: 'keepForms'; record: FormRecord; owner: OwnerReference }
  /** `isNew`: the plan takes it for missing; if it is there all the same, it may be somebody else's. */
  | { type: 'apply'; manifest: Manifest; why: string; isNew: boolean }
  | {
      type: 'applyGuarded';
      manifest: Manifest;
      guarded: GuardedAction;
      why: string;
      isNew: boolean;
      resourceVersion?: string;
      /** Of the Deployment as it was seen, nothing but the number of pods is another than in the manifest. */
      scales?: { uid: string; resourceVersion: string; replicas: number };
    }
  | {
      type: 'delete';
      kind: string;
      name: string;
      why: string;
      uid?: string;
      resourceVersion?: string;
      guarded?: GuardedAction;
    }
  /** Adds annotations to an object, and changes nothing else of it. */
  | {
      type: 'annotate';
      kind: string;
      name: string;
      uid: string;
      resourceVersion?: string;
      annotations: Record<string, string>;
      why: string;
    }
  /** The last word on a backup whose Job died. */
  | {
      type: 'sayOfBackup';
      name: string;
      uid: string;
      resourceVersion: string;
      status: BackupStatus;
      why: string;
    }
  /** Writes the status of a resource of the users', other than the environment, while it is still at this version. */
  | {
      type: 'report';
      kind: string;
      name: string;
      uid: string;
      resourceVersion: string;
      status: object;
      why: string;
      /** Said of this resource when the write is done. */
      note?: Note;
    }
  /** Brings the Secret with the logins to a phase of a rotation. */
  | { type: 'rotateLogin'; name: string; asked: string; phase: Phase; why: string }
  | { type: 'growClaim'; name: string; size: string; uid: string; resourceVersion: string; why: string }
  /** Deletes a StatefulSet and nothing with it: its pods and claims stay as they are. */
  | { type: 'orphan'; name: string; uid: string; resourceVersion: string; why: string }
  /** Takes the annotations of commands away that are done. */
  | { type: 'clearCommands'; verbs: Verb[]; why: string }
  /** The last write of all: the environment is gone when no other finalizer keeps it. */
  | { type: 'end'; finalizers: string[] };

/** Writes the manifest if there is a reason to. */
export function pushApply(
  actions: Action[],
  snapshot: Snapshot,
  manifest: Manifest,
  settled: (live: Live) => boolean,
): void {
  const marked = stamped(manifest);
  const live = snapshot.live(marked);
  const why = reasonToApply(marked, live, settled);
  if (why) actions.push({ type: 'apply', manifest: marked, why, isNew: live === undefined });
}
