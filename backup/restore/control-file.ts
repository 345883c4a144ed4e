import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../commands.ts';

const INITDB_MS = 120_000;

/**
 * Makes a data folder that pgBackRest takes for one of the database with this system identifier: archive-get looks into
 * global/pg_control, and before a restore there is none. It is that of a new database with the other's identifier, its first 8 bytes.
 */
export async function makeControlFile(data: string, systemId: string, signal: AbortSignal): Promise<void> {
  await rm(data, { recursive: true, force: true });
  await mkdir(data, { recursive: true });
  await run(
    'initdb',
    [`--pgdata=${data}`, '--username=postgres', '--auth=reject', '--no-sync', '--no-instructions'],
    {
      timeoutMs: INITDB_MS,
      signal,
    },
  );
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(systemId));
  const file = await open(join(data, 'global/pg_control'), 'r+');
  try {
    await file.write(bytes, 0, 8, 0);
  } finally {
    await file.close();
  }
}
