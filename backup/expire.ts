import { type BackupRecord, conditionOf } from '../operator/backup/record.ts';
import { recordKey } from '../operator/backup/repository.ts';
import { expiredBackups } from '../operator/backup/retention.ts';
import type { Work } from './job.ts';
import { backupsIn, expireArchive, expireBackup } from './repository.ts';

/**
 * Takes the backups away that retention does not keep: each kind by itself, and fulls of each stanza by themselves. Only
 * what a record says to be complete counts and goes; the records of failed tries go with the oldest backup. The versions
 * that the bucket keeps are not touched. Returns the names of those that went.
 */
export async function expire(work: Work, records: readonly BackupRecord[]): Promise<string[]> {
  const complete = records.filter(
    ({ status }) => conditionOf(status, 'Completed')?.status === 'True' && status.completedAt !== undefined,
  );
  const groups = Map.groupBy(complete, ({ spec, status }) => `${spec.type} ${status.stanza ?? ''}`);
  const gone: string[] = [];
  for (const group of groups.values()) {
    const dated = group.map((record) => ({
      record,
      name: record.name,
      at: Date.parse(record.status.completedAt ?? ''),
      isVerified: conditionOf(record.status, 'Verified')?.status === 'True',
    }));
    // A backup that no restore has proved pushes none out that is proved.
    const unproved = dated.filter(({ isVerified }) => !isVerified);
    const proved = dated.filter(({ isVerified }) => isVerified);
    const { retention } = work.settings;
    const expired = [...expiredBackups(proved, retention), ...expiredBackups(unproved, retention)];
    for (const { record } of expired) {
      await remove(work, record);
      gone.push(record.name);
    }
  }
  await expireArchive(work.settings.stanza);
  return gone;
}

async function remove({ bucket, settings, log }: Work, { name, status }: BackupRecord): Promise<void> {
  const { label, key, stanza = settings.stanza } = status;
  if (label !== undefined) {
    const there = (await backupsIn(stanza)).some((backup) => backup.label === label);
    if (there) await expireBackup(stanza, label);
  }
  if (key !== undefined) await bucket.remove(key);
  await bucket.remove(recordKey(settings.prefix, name));
  log('the backup has expired', { name });
}
