import { type BackupStatus, type BackupType, conditionOf, judged, RUNNING } from './record.ts';

/** A Job as far as backups look at it. */
export interface JobView {
  readonly name: string;
  /** Why it failed; undefined while it runs, and when it ended well. */
  readonly failure?: string;
  readonly isOver: boolean;
}

/** A CryptoSenseBackup as it is now. Times in milliseconds since 1970. */
export interface BackupLook {
  readonly name: string;
  readonly type: BackupType;
  readonly createdAt: number;
  readonly status: BackupStatus;
  /** The Job that made it, or undefined when a person did. */
  readonly madeBy?: string;
  /** The Job that is, or would be, the one to take it. */
  readonly jobName: string;
  readonly job?: JobView;
}

/** What is to be done about it. `again`: when to look at it once more, in milliseconds. */
export type Step =
  | { do: 'nothing' }
  | { do: 'wait'; again: number }
  | { do: 'begin' }
  | { do: 'say'; status: BackupStatus };

/** The caches tell of an object and of its Job in any order; so long a Job may seem to be missing. */
const JOB_SEEN_WITHIN_MS = 60_000;

/**
 * What the operator does about one backup. The Job says by itself what became of it; the operator makes the Job of a
 * backup that a person asked for, and says of one whose Job died that it will never be. Pure.
 */
export function stepOf(look: BackupLook, { enabled, now }: { enabled: boolean; now: number }): Step {
  const { status, job, madeBy } = look;
  const completed = conditionOf(status, 'Completed');
  const verified = conditionOf(status, 'Verified');
  const isRunning = completed === undefined || completed.reason === RUNNING;
  const isUnverified = completed?.status === 'True' && verified === undefined;
  if (!isRunning && !isUnverified) return { do: 'nothing' };
  if (job && !job.isOver) return { do: 'nothing' };
  if (!job && completed === undefined && madeBy === undefined) {
    if (enabled) return { do: 'begin' };
    const message =
      'Backups are switched off: set spec.backup.enabled of the environment, then make another one.';
    const verdict = { type: 'Completed', status: 'False', reason: 'SwitchedOff', message } as const;
    return { do: 'say', status: judged(status, verdict, now) };
  }
  const since = Math.max(look.createdAt, Date.parse(status.startedAt ?? '') || 0);
  // The Job's last words may still be on their way, as may the news of the Job itself.
  if (now - since < JOB_SEEN_WITHIN_MS) return { do: 'wait', again: since + JOB_SEEN_WITHIN_MS - now };
  const type = isUnverified ? 'Verified' : 'Completed';
  const why = job ? `failed: ${job.failure ?? 'it ended without a word'}` : 'is gone';
  const left = isUnverified ? 'it was not restored' : 'there is no backup of this name';
  const message = `Its Job ${look.jobName} ${why}; ${left}. Make another one.`;
  return {
    do: 'say',
    status: judged(status, { type, status: 'False', reason: 'JobLost', message }, now),
  };
}
