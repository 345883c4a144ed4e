import type { JobPart, JobView, RestoreStatus, RestoreView } from './view.ts';
import type { Target, World } from './world.ts';

/** What is said once, as an Event of the restore. */
export interface Note {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
}

/** One write. Each is decided by what was written before it, so that the operator may die after any of them. */
export type RestoreAction =
  | { type: 'status'; restore: RestoreView; status: RestoreStatus; note?: Note }
  /** Begins the restore: never more than one of an environment's. */
  | {
      type: 'beginJob';
      restore: RestoreView;
      part: JobPart;
      target: Target;
      stanza?: string;
      broken: string[];
      /** Name in the repository of the backup that was found to lead there. */
      kept?: string;
    }
  | { type: 'endJob'; restore: RestoreView; part: JobPart; why: string }
  /** Asks for a full backup, as a person would. */
  | { type: 'askBackup'; restore: RestoreView; name: string; why: string };

/** What is known of an environment's restores. */
export interface Seen extends World {
  restores: readonly RestoreView[];
  /** A Job of a restore. */
  job(restore: RestoreView, part: JobPart): JobView;
  /** Why nothing can be restored at all, as the end of a sentence; undefined when it can. */
  obstacle?: string;
  /** What a restore in place depends on. */
  place: Place;
}

/** What is known of the database that a restore in place is about. */
export interface Place {
  /** The archive that its log goes to, and the one that comes after it. */
  stanza: string;
  nextStanza: string;
  /** Names the restore that the data of its members is to be of; undefined before the first. */
  generation?: string;
  /** Names a restore, as `generation` does. */
  generationOf(restore: RestoreView): string;
  /** Name of the full backup that is taken before or after this restore. */
  backupName(restore: RestoreView, when: 'before' | 'after'): string;
  backup(name: string): BackupView;
  /** What changes its schema at this moment, as a sentence. */
  migrating?: string;
  /** What could still write to it, as a sentence; undefined when nobody can. */
  writers?: string;
  /** Why it does not serve yet, as a sentence; undefined when it does. */
  notServing?: string;
}

/** A CryptoSenseBackup. */
export interface BackupView {
  state: 'absent' | 'running' | 'complete' | 'failed';
  /** Why it failed, or why it takes so long. */
  message?: string;
}
