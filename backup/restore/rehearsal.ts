import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Restored } from '../../operator/restore/result.ts';
import { withScratch } from '../scratch.ts';
import { choose, type Wanted } from './choice.ts';
import { restoreFiles } from './files.ts';
import { inspected } from './inspected.ts';
import { replayed, startRecovered } from './recovered.ts';
import type { Repository } from './repository.ts';

export interface RehearsalOptions extends Omit<Wanted, 'folder' | 'now'> {
  /** A folder on a volume that has room for the database; what is put there is removed. */
  scratch: string;
  timeoutMs: number;
  signal: AbortSignal;
}

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
  const startedAt = Date.now();
  const left = () => Math.max(1000, startedAt + timeoutMs - Date.now());
  const data = join(folder, 'data');
  const wanted = { ...options, folder: join(folder, 'log'), now: startedAt };
  const chosen = await choose(repository, wanted, signal);
  await restoreFiles(repository, chosen, { data, archiveOff: true, timeoutMs: left(), signal });
  const restoredAt = new Date().toISOString();
  const server = await startRecovered(folder, data, left());
  try {
    const recoveryPoint = await replayed(server.sql, chosen);
    return await inspected(chosen, { server, startedAt, restoredAt, recoveryPoint }, left());
  } finally {
    await server.stop();
    await rm(data, { recursive: true, force: true });
  }
}
