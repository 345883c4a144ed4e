import type { EnvironmentStatus } from '../api/status.ts';
import { BACKUP_KIND } from '../api/well-known.ts';
import { archiveProblem } from '../backup/archive.ts';
import { type BackupStatus, type BackupType, conditionOf, EXPIRED, RUNNING } from '../backup/record.ts';
import { stanzaOf } from '../backup/repository.ts';
import { missedSlots, nextSlot } from '../backup/schedule.ts';
import { decidedFor } from '../restore/in-place.ts';
import type { Verdict } from './conditions.ts';
import { hashOf, restoresOf } from './restore-views.ts';
import type { Live, Snapshot } from './snapshot.ts';

interface Seen {
  readonly name: string;
  readonly type: BackupType;
  readonly status: BackupStatus;
  /** When it ended, in milliseconds since 1970: what became of it is known since then. */
  readonly endedAt: number;
}

/** Whether the database could be restored tomorrow; undefined while no backups are taken. Ready does not depend on it. */
export function backupReady(snapshot: Snapshot): Verdict | undefined {
  const { resolved, archive, now } = snapshot;
  if (!resolved.spec.backup.enabled) return undefined;
  const bad = (reason: string, message: string): Verdict => ({
    status: 'False',
    reason,
    message: message.slice(0, 2048),
  });
  if (archive?.problem) return bad('ArchiveUnknown', archive.problem);
  const failing = archive?.state && archiveProblem(archive.state, now);
  if (failing) return bad('ArchiveFailing', failing);
  const seen = seenBackups(snapshot);
  for (const type of ['full', 'dump'] as const) {
    const newest = seen.find((one) => one.type === type);
    const completed = newest && conditionOf(newest.status, 'Completed');
    if (completed?.status === 'False')
      return bad('BackupFailed', `The backup ${newest?.name} failed: ${completed.message}`);
    const verified = newest && conditionOf(newest.status, 'Verified');
    if (verified?.status === 'False')
      return bad('NotRestorable', `The backup ${newest?.name} cannot be restored: ${verified.message}`);
  }
  const missed = missedOf(snapshot);
  if (missed !== undefined)
    return bad(
      'BackupMissed',
      `The backup of ${new Date(missed).toISOString()} was not taken, and is not made up for: look at CronJob ${resolved.name}-backup.`,
    );
  const verified = verifiedOf(seen);
  if (!verified) {
    const message = 'No full backup has been restored yet.';
    return { status: 'Unknown', reason: 'NoBackupYet', message };
  }
  const message = `The newest full backup of which a restore has worked is ${verified.name}, complete at ${verified.at}.`;
  return { status: 'True', reason: 'Verified', message };
}

/** The summary of the backups for the environment's status. */
export function backupStatus(snapshot: Snapshot): EnvironmentStatus['backup'] {
  const { resolved, environment, now } = snapshot;
  const { enabled, schedule, stanza } = resolved.spec.backup;
  // Which archive is the right one, is known nowhere else.
  const { stanza: before, restored: data } = environment.status?.backup ?? {};
  const kept = data === undefined ? {} : { restored: data };
  if (!enabled) return before === undefined ? undefined : { stanza: before, ...kept };
  const seen = seenBackups(snapshot);
  const newest = seen.find(({ status }) => conditionOf(status, 'Completed')?.status === 'True');
  const verified = verifiedOf(seen);
  const next = nextSlot(schedule, now);
  // The one write by which a restore in place takes effect: from then on members start on its data alone.
  const restore = decidedFor(restoresOf(snapshot));
  const decided = restore?.status.archive && {
    stanza: restore.status.archive,
    restored: hashOf(restore),
  };
  return {
    ...(decided || { stanza: stanzaOf(resolved.name, stanza), ...kept }),
    ...(newest ? { newest: markOf(newest) } : {}),
    ...(verified ? { verified } : {}),
    ...(next === undefined ? {} : { next: new Date(next).toISOString() }),
  };
}

/** Backups of which it is known what became of them, the newest first. */
function seenBackups(snapshot: Snapshot): Seen[] {
  return snapshot
    .all(BACKUP_KIND)
    .flatMap((live): Seen[] => {
      const { type = 'full' } = (live.spec ?? {}) as { type?: BackupType };
      const status = (live.status ?? {}) as BackupStatus;
      const completed = conditionOf(status, 'Completed');
      if (!completed || [RUNNING, EXPIRED, 'SwitchedOff'].includes(completed.reason)) return [];
      const endedAt = Date.parse(status.completedAt ?? completed.lastTransitionTime);
      return [{ name: live.metadata.name, type, status, endedAt }];
    })
    .sort((a, b) => b.endedAt - a.endedAt);
}

function verifiedOf(seen: readonly Seen[]): { name: string; at: string } | undefined {
  const found = seen.find(
    ({ type, status }) => type === 'full' && conditionOf(status, 'Verified')?.status === 'True',
  );
  return found && markOf(found);
}

function markOf({ name, endedAt }: Seen): { name: string; at: string } {
  return { name, at: new Date(endedAt).toISOString() };
}

/** The newest slot that was missed since the CronJob is there and since the newest backup. */
function missedOf({ resolved, now, all, live }: Snapshot): number | undefined {
  const { name: environment, namespace, spec } = resolved;
  const cronJob = live({ kind: 'CronJob', metadata: { name: `${environment}-backup`, namespace } });
  const since = Date.parse(cronJob?.metadata.creationTimestamp ?? '');
  if (Number.isNaN(since)) return undefined;
  const backups: Live[] = all(BACKUP_KIND);
  const taken = new Set(backups.map(({ metadata }) => metadata.name));
  const newest = Math.max(
    since,
    ...backups.map(({ metadata }) => Date.parse(metadata.creationTimestamp ?? '') || 0),
  );
  const { schedule } = spec.backup;
  return missedSlots({ environment, schedule }, taken, { since: newest, now }).at(-1);
}
