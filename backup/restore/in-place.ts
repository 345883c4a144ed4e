import { readdir, rm, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import postgres from 'postgres';
import type { Restored } from '../../operator/restore/result.ts';
import { backupsIn } from '../repository.ts';
import type { ScratchServer } from '../scratch.ts';
import { type Chosen, choose, type Wanted } from './choice.ts';
import { inspected } from './inspected.ts';
import { NotWhole } from './recovered.ts';
import type { Repository } from './repository.ts';
import { makeWhole } from './whole.ts';

/** For the log that is replayed, beside the files of the backup. */
const LOG_BYTES = 256 * 2 ** 20;

export interface InPlaceOptions extends Omit<Wanted, 'folder' | 'now'> {
  /** The data folder of the member, which is not touched. */
  data: string;
  /** Names this restore: members that are asked for data of it take what lies there. */
  generation: string;
  /** Of the container: names and passwords of the environment. */
  env: NodeJS.ProcessEnv;
  timeoutMs: number;
  signal: AbortSignal;
}

/**
 * Lays a restored and checked database beside the data of a member that does not run, for its next start to take
 * (images/database/member/generation.py). Nothing of the data itself is changed; what an earlier try has left is removed.
 * Throws as `rehearse`.
 */
export async function restoreBeside(repository: Repository, options: InPlaceOptions): Promise<Restored> {
  const { data, generation, env, timeoutMs, signal } = options;
  const startedAt = Date.now();
  const left = () => Math.max(1000, startedAt + timeoutMs - Date.now());
  await removeLeftovers(data);
  const folder = `${data}.look`;
  const chosen = await choose(repository, { ...options, folder, now: startedAt }, signal);
  await rm(folder, { recursive: true, force: true });
  await assertRoom(data, chosen);
  return makeWhole(repository, chosen, {
    unfinished: `${data}.unfinished`,
    data: `${data}.restored-${generation}`,
    env,
    files: { 'cryptosense.generation': `${generation}\n`, 'cryptosense.restored': '' },
    timeoutMs: left(),
    signal,
    look: async (found) => {
      const before = await withoutAmcheck(found.server);
      const result = await inspected(chosen, { ...found, startedAt }, left());
      for (const sql of before) await sql`drop extension if exists amcheck`;
      await Promise.all(before.map((sql) => sql.end({ timeout: 5 })));
      return result;
    },
  });
}

async function removeLeftovers(data: string): Promise<void> {
  const parent = dirname(data);
  const own = basename(data);
  const isLeftover = (name: string) =>
    name.startsWith(`${own}.restored-`) || [`${own}.unfinished`, `${own}.look`].includes(name);
  for (const name of (await readdir(parent)).filter(isLeftover))
    await rm(join(parent, name), { recursive: true, force: true });
}

/** The former data stays until the restored one has a backup: both have to fit. */
async function assertRoom(data: string, { stanza, label }: Chosen): Promise<void> {
  const backup = (await backupsIn(stanza)).find((one) => one.label === label);
  const { bavail, bsize } = await statfs(dirname(data));
  const needed = (backup?.databaseBytes ?? 0) + LOG_BYTES;
  if (bavail * bsize >= needed) return;
  const megabytes = (bytes: number) => Math.ceil(bytes / 1e6);
  throw new NotWhole(
    'NoRoom',
    `the volume has ${megabytes(bavail * bsize)} MB free, and the restored data needs ${megabytes(needed)} MB beside that of now, which is kept; make spec.database.storage larger`,
  );
}

/** Connections to the databases that have no amcheck: what the check needs for itself does not stay in them. */
async function withoutAmcheck({ sql, socket }: ScratchServer): Promise<postgres.Sql[]> {
  const databases = await sql<{ datname: string }[]>`select datname from pg_database where datallowconn`;
  const found: postgres.Sql[] = [];
  for (const { datname } of databases) {
    const one = postgres({
      host: socket,
      port: 5432,
      user: 'postgres',
      database: datname,
      max: 1,
      onnotice: () => {},
    });
    const [has] = await one`select from pg_extension where extname = 'amcheck'`;
    if (has) await one.end({ timeout: 5 });
    else found.push(one);
  }
  return found;
}
