import type postgres from 'postgres';
import type { ArchiveState } from '../operator/backup/archive.ts';

interface Row {
  primary: boolean;
  archived: string;
  failed: string;
  last_archived_at: Date | null;
  last_failed_at: Date | null;
  last_archived_wal: string | null;
  last_failed_wal: string | null;
  waiting: number;
  oldest_waiting: Date | null;
  wal_bytes: string;
}

/** What PostgreSQL says about the archiving of its log. Throws when it does not answer. */
export async function archiveState(
  sql: postgres.Sql,
): Promise<Omit<ArchiveState, 'stanzaProblem' | 'diskFree'>> {
  const [row] = await sql<Row[]>`
    select not pg_is_in_recovery() as primary,
           archived_count as archived, failed_count as failed,
           last_archived_time as last_archived_at, last_failed_time as last_failed_at,
           last_archived_wal, last_failed_wal,
           (select count(*)::int from pg_ls_archive_statusdir() where name like '%.ready') as waiting,
           (select min(modification) from pg_ls_archive_statusdir() where name like '%.ready') as oldest_waiting,
           (select coalesce(sum(size), 0) from pg_ls_waldir()) as wal_bytes
      from pg_stat_archiver`;
  if (!row) throw new Error('pg_stat_archiver is empty');
  const at = (date: Date | null) => date?.toISOString();
  const lastArchivedAt = at(row.last_archived_at);
  const lastFailedAt = at(row.last_failed_at);
  const oldestWaitingAt = at(row.oldest_waiting);
  return {
    isPrimary: row.primary,
    archived: Number(row.archived),
    failed: Number(row.failed),
    ...(lastArchivedAt ? { lastArchivedAt } : {}),
    ...(lastFailedAt ? { lastFailedAt } : {}),
    ...(row.last_archived_wal ? { lastArchivedWal: row.last_archived_wal } : {}),
    ...(row.last_failed_wal ? { lastFailedWal: row.last_failed_wal } : {}),
    waiting: row.waiting,
    ...(oldestWaitingAt ? { oldestWaitingAt } : {}),
    walBytes: Number(row.wal_bytes),
  };
}
