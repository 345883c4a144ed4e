import type { Restored } from '../../operator/restore/result.ts';
import { CommandError } from '../commands.ts';
import type { ScratchServer } from '../scratch.ts';
import { checked } from '../verify.ts';
import type { Chosen } from './choice.ts';
import { NotWhole } from './recovered.ts';

/** pg_amcheck has found something. */
const DAMAGE = 2;

/** What is known of a restore when its server answers. */
export interface Answering {
  server: ScratchServer;
  /** When the work began, in milliseconds since 1970. */
  startedAt: number;
  /** When its files were there, RFC 3339. */
  restoredAt: string;
  /** Time of its last transaction; undefined when there was none after the backup. */
  recoveryPoint: string | undefined;
}

/** Counts what is in a restored database and checks every page. Throws NotWhole when something is damaged. */
export async function inspected(
  { backup, label, stanza }: Chosen,
  { server, startedAt, restoredAt, recoveryPoint }: Answering,
  timeoutMs: number,
): Promise<Restored> {
  const [row] = await server.sql<{ timeline: number; bytes: number }[]>`
    select (select timeline_id from pg_control_checkpoint()) as timeline,
           (select sum(pg_database_size(oid)) from pg_database)::float8 as bytes`;
  const answeredAt = new Date().toISOString();
  const contents = await checked(server, timeoutMs).catch((error: unknown) => {
    if (!(error instanceof CommandError) || error.exitCode !== DAMAGE) throw error;
    throw new NotWhole('Damaged', `the restored database is damaged: ${error.message}`);
  });
  return {
    outcome: 'restored',
    backup: label,
    stanza,
    startedAt: new Date(startedAt).toISOString(),
    restoredAt,
    answeredAt,
    checkedAt: new Date().toISOString(),
    recoveryPoint: recoveryPoint ?? new Date(backup.stoppedAt ?? 0).toISOString(),
    timeline: row?.timeline ?? 1,
    bytes: row?.bytes ?? 0,
    ...contents,
  };
}
