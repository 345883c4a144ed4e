import type { Migration } from '../api/effective-spec.ts';

/** A CryptoSenseBackup of the environment, as far as the gate looks at it. Times in milliseconds since the epoch. */
export interface BackupView {
  name: string;
  isFull: boolean;
  startedAt?: number;
  completedAt?: number;
  isVerified: boolean;
  /** Why it is not verified, when that was found out. */
  problem?: string;
  /** The newest moment that a restore reaches with the log that is archived. */
  restorePoint?: number;
}

/** What the migrations of the release that is asked for may rely on. */
export interface MigrationInput extends Pick<Migration, 'gate' | 'irreversible' | 'contract'> {
  backups: readonly BackupView[];
  /** Whether anybody takes backups of this environment. */
  backupsEnabled: boolean;
  /** "number-revision" of the release whose contract migrations somebody asked for. */
  contractAskedFor?: string;
}

export type GateVerdict =
  | { open: true; backup?: string }
  /** needsSomebody: it does not open by itself. */
  /** `fresh`: a full backup has to begin after this moment, and none has. */
  | { open: false; message: string; needsSomebody: boolean; fresh?: number };

const LONGEST_AGE_MS = 26 * 3_600_000;
const HOW_TO_DO_WITHOUT = 'to migrate without a backup, set spec.release.migration.gate to none';

/**
 * Whether a migration may begin: a verified full backup, not older than 26 hours, with a restore point whose log is
 * archived; for the gate "full" one that was begun at `askedAt` or later. Pure.
 */
export function gate(
  { gate: wanted, backups, backupsEnabled }: MigrationInput,
  { now, askedAt }: { now: number; askedAt: number },
): GateVerdict {
  if (wanted === 'none') return { open: true };
  const found = backups.map((backup) => ({ backup, missing: missingOf(backup, wanted, now, askedAt) }));
  const good = found
    .filter(({ missing }) => missing === undefined)
    .sort((a, b) => (b.backup.completedAt ?? 0) - (a.backup.completedAt ?? 0))[0];
  if (good) return { open: true, backup: good.backup.name };
  const what =
    wanted === 'full'
      ? 'a verified full backup that was begun after the release was asked for'
      : 'a verified full backup of the last 26 hours';
  const newest = found.sort((a, b) => timeOf(b.backup) - timeOf(a.backup))[0];
  const why = newest
    ? `the newest backup, ${newest.backup.name}, ${newest.missing}`
    : 'there is no backup of this environment';
  const needsSomebody =
    !backupsEnabled && !found.some(({ backup }) => backup.isFull && !backup.isVerified && !backup.problem);
  const remedy = backupsEnabled
    ? `wait for the next one, or ask for one now with a CryptoSenseBackup; ${HOW_TO_DO_WITHOUT}`
    : `backups are switched off: set spec.backup.enabled, or make a CryptoSenseBackup; ${HOW_TO_DO_WITHOUT}`;
  const isTaken = backups.some(
    ({ isFull, startedAt }) => isFull && startedAt !== undefined && startedAt >= askedAt,
  );
  return {
    open: false,
    needsSomebody,
    ...(wanted === 'full' && backupsEnabled && !isTaken ? { fresh: askedAt } : {}),
    message: `needs ${what} with an archived restore point: ${why}; ${remedy}`,
  };
}

/** What keeps a backup from opening the gate, as the end of a sentence; undefined when nothing does. */
function missingOf(
  backup: BackupView,
  wanted: 'verified' | 'full',
  now: number,
  askedAt: number,
): string | undefined {
  const { isFull, completedAt, startedAt, isVerified, problem, restorePoint } = backup;
  if (!isFull) return 'is a dump and not a full one';
  if (completedAt === undefined) return 'is not complete yet';
  if (now - completedAt > LONGEST_AGE_MS) return `is older than 26 hours (${text(completedAt)})`;
  if (wanted === 'full' && (startedAt ?? completedAt) < askedAt)
    return `was begun before the release was asked for (${text(askedAt)})`;
  if (!isVerified) return problem ? `could not be verified: ${problem}` : 'is not verified yet';
  if (restorePoint === undefined) return 'has no restore point whose log is archived yet';
  return undefined;
}

function timeOf({ completedAt, startedAt }: BackupView): number {
  return completedAt ?? startedAt ?? 0;
}

function text(at: number): string {
  return new Date(at).toISOString();
}
