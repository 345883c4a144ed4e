import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import postgres from 'postgres';
import { CommandError, lastWords, run } from './commands.ts';

const TIMESCALEDB = '/etc/cryptosense/timescaledb';
const STOP_MS = 60_000;
const LOOK_MS = 200;

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
  { timeoutMs }: { timeoutMs: number },
): Promise<ScratchServer> {
  const endsAt = Date.now() + timeoutMs;
  const [config, hba, ident, log] = [
    join(folder, 'scratch.conf'),
    join(folder, 'hba.conf'),
    join(folder, 'ident.conf'),
    join(folder, 'log'),
  ];
  await writeFile(hba, 'local all all trust\n');
  await writeFile(ident, '');
  await writeFile(config, settings({ folder, hba, ident }, await settingsAsBefore(data)));
  const server = ['-D', data, '-w', '-s'];
  const timeout = ['-t', String(Math.ceil(timeoutMs / 1000))];
  const start = [...server, ...timeout, '-l', log, '-o', `-c config_file=${config}`];
  const words = () => readFile(log, 'utf8').catch(() => '');
  const stop = (mode: string) => run('pg_ctl', [...server, '-m', mode, 'stop'], { timeoutMs: STOP_MS });
  const sql = postgres({
    host: folder,
    port: 5432,
    user: 'postgres',
    database: 'postgres',
    max: 1,
    connect_timeout: 5,
    onnotice: () => {},
  });
  try {
    await run('pg_ctl', [...start, 'start'], { timeoutMs: timeoutMs + 10_000 });
    await untilRecovered(sql, server, endsAt);
  } catch (error) {
    await sql.end({ timeout: 1 });
    await stop('immediate').catch(() => {});
    const log = (await words()).replaceAll(/^\S+ \S+ \S+ \[\d+\] /gm, '');
    // What it answered while it was asked whether it has recovered.
    const said = lastWords(
      log.replaceAll(/^FATAL: +the database system is (not accepting|starting).*$/gm, ''),
    );
    throw new CommandError(`PostgreSQL does not start on it: ${said || (error as Error).message}`);
  }
  return {
    sql,
    socket: folder,
    log: words,
    stop: async () => {
      await sql.end({ timeout: 5 });
      await stop('fast');
    },
  };
}

/** pg_ctl is content with a server that still recovers. Throws when it ends instead, or when the time is over. */
async function untilRecovered(sql: postgres.Sql, server: readonly string[], endsAt: number): Promise<void> {
  for (;;) {
    try {
      const [row] = await sql<{ recovering: boolean }[]>`select pg_is_in_recovery() as recovering`;
      if (row?.recovering === false) return;
    } catch {
      // It does not take connections before it has recovered; whether it ever will, the next line asks.
      await run('pg_ctl', [...server, 'status'], { timeoutMs: 10_000 });
    }
    if (Date.now() > endsAt) throw new Error('it was still recovering when the time was over');
    await after(LOOK_MS);
  }
}

/** Without as many of them as there were, what was prepared or locked at the end of the log cannot be brought back. */
const AS_BEFORE = {
  max_prepared_transactions: 'max_prepared_xacts setting',
  max_locks_per_transaction: 'max_locks_per_xact setting',
};

/** What the data say of the settings that they were written with. */
async function settingsAsBefore(data: string): Promise<string[]> {
  const text = await run('pg_controldata', ['-D', data], { timeoutMs: 10_000, env: { LC_ALL: 'C' } });
  return Object.entries(AS_BEFORE).flatMap(([name, title]) => {
    const value = new RegExp(`^${title}: +(\\d+)$`, 'm').exec(text)?.[1];
    return value === undefined ? [] : [`${name} = ${value}`];
  });
}

function settings(
  { folder, hba, ident }: { folder: string; hba: string; ident: string },
  recovered: string[],
): string {
  const hasTimescale = existsSync(TIMESCALEDB) && readFileSync(TIMESCALEDB, 'utf8').trim() !== 'absent';
  return [
    "listen_addresses = ''",
    `unix_socket_directories = '${folder}'`,
    `hba_file = '${hba}'`,
    `ident_file = '${ident}'`,
    // What the primary allowed more of does not matter to a server that answers only after its recovery.
    'hot_standby = off',
    ...recovered,
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
