import type postgres from 'postgres';
import { bytesOfLsn, lsnOf } from '../../operator/restore/lsn.ts';
import type { RestoreFailure } from '../../operator/restore/result.ts';
import { startScratch } from '../scratch.ts';
import type { Chosen } from './choice.ts';

/** What was restored is not what it should be: PostgreSQL does not start on it, something is damaged or missing, or it has no room. */
export class NotWhole extends Error {
  override readonly name = 'NotWhole';
  readonly reason: RestoreFailure['reason'];

  constructor(reason: NotWhole['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

/**
 * Starts PostgreSQL on restored files and waits until it has replayed the log. Throws NotWhole, or CommandError when the storage did
 * not answer.
 */
export async function startRecovered(folder: string, data: string, timeoutMs: number) {
  try {
    return await startScratch(folder, data, { timeoutMs });
  } catch (error) {
    const { message } = error as Error;
    if (/FormatError|ChecksumError|CryptoError/.test(message))
      throw new NotWhole('Damaged', `the archived log is damaged: ${message}`);
    // The storage did not answer: it may do so at the next try.
    if (/could not restore file/.test(message)) throw error;
    throw new NotWhole('NotStarted', message);
  }
}

/**
 * How far the log was replayed. Throws NotWhole when the newest state was asked for and it was not the newest: PostgreSQL takes a
 * segment that is missing for the end of the log.
 */
export async function replayed(sql: postgres.Sql, { newestSegmentAt, stanza }: Chosen) {
  const [row] = await sql<{ point: Date | null; lsn: string | null }[]>`
    select pg_last_xact_replay_timestamp() as point, pg_last_wal_replay_lsn()::text as lsn`;
  const end = bytesOfLsn(row?.lsn ?? '0/0');
  if (newestSegmentAt !== undefined && end < newestSegmentAt)
    throw new NotWhole(
      'Damaged',
      `the archived log of ${stanza} has a gap after ${lsnOf(end)}, and goes on at least to ${lsnOf(newestSegmentAt)}: what is behind the gap cannot be restored; for what is before it ask for target.lsn ${lsnOf(end)} or a moment`,
    );
  return row?.point?.toISOString();
}
