import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import { CommandError, lastWords, run } from './commands.ts';

const TIMESCALEDB = '/etc/cryptosense/timescaledb';
const STOP_MS = 60_000;

/** A PostgreSQL that only this process can reach, on data that nobody needs. */
export interface ScratchServer {
  readonly sql: postgres.Sql;
  readonly socket: string;
  /** What the server wrote so far. */
  log(): Promise<string>;
  /** Ends it; the data stays. */
  stop(): Promise<void>;
}

/** A folder that is removed at the end, whatever happens. */
export async function withScratch<T>(parent: string, work: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'scratch-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Starts PostgreSQL on `data`, also when that has to be recovered first, for at most `timeoutMs`. Nothing of the data's
 * own settings holds but those of the recovery; nothing is archived. Throws CommandError with what PostgreSQL said.
 */
export async function startScratch(
  folder: string,
  data: string,
  { timeoutMs, database = 'postgres' }: { timeoutMs: number; database?: string },
): Promise<ScratchServer> {
  const [config, hba, ident, log] = ['scratch.conf', 'hba.conf', 'ident.conf', 'log'].map((name) =>
    join(folder, name),
  );
  await writeFile(hba as string, 'local all all trust\n');
  await writeFile(ident as string, '');
  await writeFile(config as string, settings({ folder, hba: hba as string, ident: ident as string }));
  const server = ['-D', data, '-w', '-s'];
  const start = [
    ...server,
    '-l',
    log as string,
    '-t',
    String(Math.ceil(timeoutMs / 1000)),
    '-o',
    `-c config_file=${config}`,
  ];
  const words = () => readFile(log as string, 'utf8').catch(() => '');
  try {
    await run('pg_ctl', [...start, 'start'], { timeoutMs: timeoutMs + 10_000 });
  } catch (error) {
    await run('pg_ctl', [...server, '-m', 'immediate', 'stop'], { timeoutMs: STOP_MS }).catch(() => {});
    const said = lastWords((await words()).replaceAll(/^\S+ \S+ \S+ \[\d+\] /gm, ''));
    throw new CommandError(`PostgreSQL does not start on it: ${said || (error as Error).message}`);
  }
  const sql = postgres({ host: folder, port: 5432, user: 'postgres', database, max: 1, onnotice: () => {} });
  return {
    sql,
    socket: folder,
    log: words,
    stop: async () => {
      await sql.end({ timeout: 5 });
      await run('pg_ctl', [...server, '-m', 'fast', 'stop'], { timeoutMs: STOP_MS });
    },
  };
}

function settings({ folder, hba, ident }: { folder: string; hba: string; ident: string }): string {
  const hasTimescale = existsSync(TIMESCALEDB) && readFileSync(TIMESCALEDB, 'utf8').trim() !== 'absent';
  return [
    "listen_addresses = ''",
    `unix_socket_directories = '${folder}'`,
    `hba_file = '${hba}'`,
    `ident_file = '${ident}'`,
    // What the primary allowed more of does not matter to a server that answers only after its recovery.
    'hot_standby = off',
    'archive_mode = off',
    'fsync = off',
    'full_page_writes = off',
    "shared_buffers = '64MB'",
    'max_wal_senders = 0',
    'jit = off',
    "lc_messages = 'C'",
    "timezone = 'UTC'",
    "log_line_prefix = '%m [%p] '",
    "log_timezone = 'UTC'",
    ...(hasTimescale ? ["shared_preload_libraries = 'timescaledb'"] : []),
    '',
  ].join('\n');
}
