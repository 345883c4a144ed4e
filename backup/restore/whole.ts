import { execFile } from 'node:child_process';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { withScratch } from '../scratch.ts';
import type { Chosen } from './choice.ts';
import { restoreFiles } from './files.ts';
import { becomes, identityOf } from './identity.ts';
import type { Answering } from './inspected.ts';
import { replayed, startRecovered } from './recovered.ts';
import type { Repository } from './repository.ts';

/** Files that belonged to the former database's members. */
const OF_FORMER_MEMBERS = [
  'patroni.dynamic.json',
  'patroni.dynamic.json.tmp',
  'standby.signal',
  'cryptosense.generation',
  'cryptosense.restored',
];

export interface WholeOptions<T> {
  /** Where it is made; what is there is removed. */
  unfinished: string;
  /** Where it goes when it is whole. Nothing may be there. */
  data: string;
  /** Of the container: names and passwords that it gets. */
  env: NodeJS.ProcessEnv;
  /** Files that it gets besides, by name. */
  files?: Record<string, string>;
  timeoutMs: number;
  signal: AbortSignal;
  /** Asked when the log is replayed; what it throws is the end. */
  look(found: Omit<Answering, 'startedAt'>): Promise<T>;
}

/**
 * Makes a database from a backup: restored, recovered, with the names and passwords of this environment, on the disk, and only then
 * under its name. So it is either whole or not there. Throws NotWhole, or CommandError for the rest.
 */
export async function makeWhole<T>(
  repository: Repository,
  chosen: Chosen,
  { unfinished, data, env, files = {}, timeoutMs, signal, look }: WholeOptions<T>,
): Promise<T> {
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  await restoreFiles(repository, chosen, { data: unfinished, archiveOff: true, timeoutMs, signal });
  const restoredAt = new Date().toISOString();
  for (const file of OF_FORMER_MEMBERS) await rm(join(unfinished, file), { force: true });
  const seen = await withScratch('/tmp', async (scratch) => {
    const server = await startRecovered(scratch, unfinished, timeoutMs);
    try {
      const recoveryPoint = await replayed(server.sql, chosen);
      const found = await look({ server, restoredAt, recoveryPoint });
      await becomes(server.sql, identityOf(env));
      return found;
    } finally {
      await server.stop();
    }
  });
  const { superuser } = identityOf(env);
  const ident = `# MAP  SYSTEM-USERNAME  PG-USERNAME\ncontainer postgres "${superuser}"\n`;
  for (const [name, text] of Object.entries({ 'pg_ident.conf': ident, ...files }))
    await writeFile(join(unfinished, name), text, { mode: 0o600 });
  await sync(unfinished);
  await rename(unfinished, data);
  await sync(dirname(data));
  return seen;
}

/** Everything that was written to the file system of `path` is on the disk: the server ran without syncs. */
async function sync(path: string): Promise<void> {
  await promisify(execFile)('sync', ['-f', path]);
}
