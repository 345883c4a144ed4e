import type { Condition } from '../api/status.ts';
import { ARCHIVE_OF_FULLS } from '../backup/pgbackrest-settings.ts';
import { startOfSegment } from './lsn.ts';
import type { BaseBackup, World } from './world.ts';

/** A CryptoSenseBackup, as far as a restore depends on it. */
export interface BackupObject {
  metadata: { name: string; deletionTimestamp?: string };
  spec?: unknown;
  status?: unknown;
}

interface Status {
  conditions?: Condition[];
  completedAt?: string;
  label?: string;
  stanza?: string;
  walStop?: string;
}

/**
 * What the CryptoSenseBackups of an environment tell of backups. It has gaps: how far the log reaches, and which names of restore
 * points it has, only the repository knows.
 */
export function knownBackups(objects: readonly BackupObject[]): Pick<World, 'backups'> {
  const known = objects.map(baseOf);
  const complete = known
    .filter(({ type, stoppedAt }) => type === 'full' && stoppedAt !== undefined)
    .sort((a, b) => (a.stoppedAt as number) - (b.stoppedAt as number));
  const inWindow = new Set<BaseBackup>();
  for (const stanza of new Set(complete.map((one) => one.stanza))) {
    for (const backup of complete.filter((one) => one.stanza === stanza).slice(-ARCHIVE_OF_FULLS))
      inWindow.add(backup);
  }
  return { backups: known.map((backup) => ({ ...backup, isInWindow: inWindow.has(backup) })) };
}

function baseOf({ metadata, spec, status }: BackupObject): BaseBackup {
  const { type = 'full' } = (spec ?? {}) as { type?: BaseBackup['type'] };
  const { conditions = [], completedAt, label, stanza, walStop } = (status ?? {}) as Status;
  const is = (name: string, value: string) =>
    conditions.some((condition) => condition.type === name && condition.status === value);
  return {
    name: metadata.name,
    type,
    isInWindow: false,
    ...(label ? { label } : {}),
    ...(stanza ? { stanza } : {}),
    ...(is('Completed', 'True') && completedAt ? { stoppedAt: Date.parse(completedAt) } : {}),
    ...(is('Verified', 'False') ? { isBroken: true } : {}),
    ...(walStop ? { stopLsn: startOfSegment(walStop) } : {}),
  };
}
