import { setTimeout as after } from 'node:timers/promises';
import type postgres from 'postgres';
import { backUp, backupsIn, type RepositoryBackup } from './repository.ts';

/** What became of a full backup, in the bucket. */
export interface FullBackup extends RepositoryBackup {
  /** A named point right after it, up to which it can be restored when the log was archived. */
  readonly restorePoint: { readonly name: string; readonly time: string; readonly archived: boolean };
}

const ARCHIVED_WITHIN_MS = 120_000;
const LOOK_MS = 250;
const LONGEST_NAME = 63;

/**
 * Takes a full backup of the primary whose socket `sql` is connected to, and a restore point right after it. One that an
 * earlier try has already brought into the bucket is taken over. Throws an Error with one sentence.
 */
export async function takeFull(
  sql: postgres.Sql,
  {
    stanza,
    name,
    timeoutMs,
    signal,
  }: { stanza: string; name: string; timeoutMs: number; signal: AbortSignal },
): Promise<FullBackup> {
  const find = async () => (await backupsIn(stanza)).findLast((backup) => backup.name === name);
  if (!(await find())) await backUp(stanza, name, { timeoutMs, signal });
  const made = await find();
  if (!made) throw new Error('pgBackRest says that it is done, and the repository has no new backup');
  if (made.isDamaged)
    throw new Error(`a page of the database is damaged: pgBackRest saw it while it copied ${made.label}`);
  return { ...made, restorePoint: await restorePoint(sql, name.slice(0, LONGEST_NAME), signal) };
}

/** A point that a restore can be asked for by name; waits until the log up to it is in the bucket, but not for ever. */
async function restorePoint(
  sql: postgres.Sql,
  name: string,
  signal: AbortSignal,
): Promise<FullBackup['restorePoint']> {
  const [point] = await sql<{ lsn: string; at: Date }[]>`
    select pg_create_restore_point(${name})::text as lsn, clock_timestamp() as at`;
  if (!point) throw new Error('PostgreSQL made no restore point');
  const [segment] = await sql<{ wal: string }[]>`
    select pg_walfile_name(${point.lsn}::pg_lsn) as wal, pg_switch_wal()::text as switched`;
  const endsAt = Date.now() + ARCHIVED_WITHIN_MS;
  let archived = false;
  while (!archived && Date.now() < endsAt && !signal.aborted) {
    const [row] = await sql<{ wal: string | null }[]>`select last_archived_wal as wal from pg_stat_archiver`;
    archived = row?.wal != null && row.wal.slice(0, 24) >= (segment?.wal ?? '');
    if (!archived) await after(LOOK_MS);
  }
  return { name, time: point.at.toISOString(), archived };
}
