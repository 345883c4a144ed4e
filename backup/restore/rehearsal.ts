import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Restored } from '../../operator/restore/result.ts';
import { CommandError } from '../commands.ts';
import { withScratch } from '../scratch.ts';
import { checked } from '../verify.ts';
import { type Chosen, choose, type Wanted } from './choice.ts';
import { restoreFiles } from './files.ts';
import { NotWhole, replayed, startRecovered } from './recovered.ts';
import type { Repository } from './repository.ts';

export interface RehearsalOptions extends Omit<Wanted, 'folder' | 'now'> {
  /** A folder on a volume that has room for the database; what is put there is removed. */
  scratch: string;
  timeoutMs: number;
  signal: AbortSignal;
}

/** pg_amcheck has found something. */
const DAMAGE = 2;

/**
 * Restores into scratch space, starts the database there, asks it, and checks every page. Throws TargetRefused before anything is
 * restored, NotWhole when the backup cannot be relied on, CommandError for the rest.
 */
export function rehearse(repository: Repository, options: RehearsalOptions): Promise<Restored> {
  return withScratch(options.scratch, (folder) => rehearsal(repository, folder, options));
}

async function rehearsal(
  repository: Repository,
  folder: string,
  options: RehearsalOptions,
): Promise<Restored> {
  const { timeoutMs, signal } = options;
  const started = Date.now();
  const left = () => Math.max(1000, started + timeoutMs - Date.now());
  const data = join(folder, 'data');
  const wanted = { ...options, folder: join(folder, 'log'), now: started };
  const chosen = await choose(repository, wanted, signal);
  await restoreFiles(repository, chosen, { data, archiveOff: true, timeoutMs: left(), signal });
  const restoredAt = now();
  const server = await startRecovered(folder, data, left());
  try {
    const recoveryPoint = await replayed(server.sql, chosen);
    const [row] = await server.sql<{ timeline: number; bytes: number }[]>`
      select (select timeline_id from pg_control_checkpoint()) as timeline,
             (select sum(pg_database_size(oid)) from pg_database)::float8 as bytes`;
    const answeredAt = now();
    const contents = await checked(server, left()).catch((error: unknown) => {
      if (!(error instanceof CommandError) || error.exitCode !== DAMAGE) throw error;
      throw new NotWhole('Damaged', `the restored database is damaged: ${error.message}`);
    });
    return {
      outcome: 'restored',
      backup: chosen.label,
      stanza: chosen.stanza,
      startedAt: new Date(started).toISOString(),
      restoredAt,
      answeredAt,
      checkedAt: now(),
      recoveryPoint: recoveryPoint ?? endOf(chosen),
      timeline: row?.timeline ?? 1,
      bytes: row?.bytes ?? 0,
      ...contents,
    };
  } finally {
    await server.stop();
    await rm(data, { recursive: true, force: true });
  }
}

function endOf({ backup }: Chosen): string {
  return new Date(backup.stoppedAt ?? 0).toISOString();
}

function now(): string {
  return new Date().toISOString();
}
