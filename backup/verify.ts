import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import postgres from 'postgres';
import type { Bucket } from './bucket.ts';
import { CommandError, lastWords, run } from './commands.ts';
import { decrypting, Seal } from './encryption.ts';
import { pgbackrest } from './repository.ts';
import { type ScratchServer, startScratch } from './scratch.ts';

/** What a restore of a backup has shown. */
export interface Verification {
  readonly tables: number;
  readonly rows: number;
  /** The newest timestamp in any table, RFC 3339. */
  readonly newestRow?: string;
  /** Time of the last transaction that the restore has; the newest row of a dump. */
  readonly recoveryPoint?: string;
}

/** What a restore goes to, as pgBackRest takes it. */
export type Target = { readonly type: 'immediate' } | { readonly type: 'name'; readonly name: string };

/** The tables of the users, and in each the column that most likely says when a row was made. */
const TABLES = `
  select format('%I.%I', n.nspname, c.relname) as name,
         (select quote_ident(a.attname) from pg_attribute a
           where a.attrelid = c.oid and a.atttypid = 'timestamptz'::regtype and a.attnum > 0 and not a.attisdropped
           order by a.attname not in ('time', 'ts', 'timestamp', 'created_at', 'recorded_at'), a.attnum limit 1) as time
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind = 'r' and n.nspname !~ '^(pg_|information_schema|_timescaledb)'`;

/** Restores a full backup into `folder`. The files are those of a database that still has to be recovered. */
async function restoreFull(
  data: string,
  { stanza, label, target, timeoutMs }: { stanza: string; label: string; target: Target; timeoutMs: number },
): Promise<void> {
  const fetchLog = `pgbackrest-repository.sh --stanza=${stanza} --pg1-path=${data} archive-get %f "%p"`;
  const args = [
    `--stanza=${stanza}`,
    `--pg1-path=${data}`,
    `--set=${label}`,
    `--type=${target.type}`,
    ...(target.type === 'name' ? [`--target=${target.name}`] : []),
    '--target-action=promote',
    // A second try goes on where the first one broke off.
    '--delta',
    // It must never write into the archive that it comes from.
    '--archive-mode=off',
    `--recovery-option=restore_command=${fetchLog}`,
    'restore',
  ];
  await pgbackrest(args, { timeoutMs });
}

/** Restores a full backup, starts PostgreSQL on it and asks it. Throws an Error with one sentence: it cannot be relied on. */
export async function verifyFull(
  folder: string,
  options: { stanza: string; label: string; target: Target; timeoutMs: number },
): Promise<Verification> {
  const data = join(folder, 'data');
  await restoreFull(data, options);
  const server = await startScratch(folder, data, options);
  try {
    const counted = await checked(server, options.timeoutMs);
    const lastTransaction = (await server.log()).match(
      /last completed transaction was at log time ([0-9-]+) ([0-9:.]+)\+00/,
    );
    const recoveryPoint = lastTransaction ? `${lastTransaction[1]}T${lastTransaction[2]}Z` : undefined;
    return { ...counted, ...(recoveryPoint ? { recoveryPoint } : {}) };
  } finally {
    await server.stop();
  }
}

/** Reads a dump back, compares it with what was written, loads it into an empty PostgreSQL and asks that. */
export async function verifyDump(
  folder: string,
  bucket: Bucket,
  options: {
    key: string;
    passphrase: string;
    expected: { sizeBytes?: number; sha256?: string; hmac?: string };
    timeoutMs: number;
  },
): Promise<Verification> {
  const { key, passphrase, expected, timeoutMs } = options;
  const data = join(folder, 'data');
  await run(
    'initdb',
    [`--pgdata=${data}`, '--username=postgres', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync'],
    {
      timeoutMs: 120_000,
    },
  );
  const server = await startScratch(folder, data, { timeoutMs: 60_000 });
  try {
    const seal = new Seal(passphrase);
    await loaded(await bucket.read(key), { seal, passphrase, socket: server.socket, timeoutMs });
    const { sha256, hmac } = seal.digests();
    if (expected.sizeBytes !== undefined && expected.sizeBytes !== seal.bytes)
      throw new Error(`${key} has ${seal.bytes} bytes, and ${expected.sizeBytes} were written`);
    if ((expected.sha256 ?? sha256) !== sha256 || (expected.hmac ?? hmac) !== hmac)
      throw new Error(`${key} is not what was written: its SHA-256 is another one`);
    const counted = await checked(server, timeoutMs);
    return { ...counted, ...(counted.newestRow ? { recoveryPoint: counted.newestRow } : {}) };
  } finally {
    await server.stop();
  }
}

/** Pages and indexes are looked at by amcheck, every table is read once. */
export async function checked(server: ScratchServer, timeoutMs: number): Promise<Verification> {
  const args = ['--host', server.socket, '--username=postgres', '--all', '--install-missing'];
  await run('pg_amcheck', args, { timeoutMs });
  const databases = await server.sql<{ datname: string }[]>`
    select datname from pg_database where datallowconn and not datistemplate`;
  let [tables, rows] = [0, 0];
  let newest: Date | undefined;
  for (const { datname } of databases) {
    const sql = postgres({ host: server.socket, port: 5432, user: 'postgres', database: datname, max: 1 });
    try {
      const counted = await countsOf(sql);
      tables += counted.tables;
      rows += counted.rows;
      if (counted.newest && (!newest || counted.newest > newest)) newest = counted.newest;
    } finally {
      await sql.end({ timeout: 5 });
    }
  }
  return { tables, rows, ...(newest ? { newestRow: newest.toISOString() } : {}) };
}

async function countsOf(sql: postgres.Sql): Promise<{ tables: number; rows: number; newest?: Date }> {
  const tables = await sql.unsafe<{ name: string; time: string | null }[]>(TABLES);
  let rows = 0;
  let newest: Date | undefined;
  for (const { name, time } of tables) {
    const asked = `select count(*)::float8 as rows, ${time ? `max(${time})` : 'null::timestamptz'} as newest from ${name}`;
    const [row] = await sql.unsafe<{ rows: number; newest: Date | null }[]>(asked);
    rows += row?.rows ?? 0;
    if (row?.newest && (!newest || row.newest > newest)) newest = row.newest;
  }
  return { tables: tables.length, rows, ...(newest ? { newest } : {}) };
}

async function loaded(
  from: NodeJS.ReadableStream,
  {
    seal,
    passphrase,
    socket,
    timeoutMs,
  }: { seal: Seal; passphrase: string; socket: string; timeoutMs: number },
): Promise<void> {
  const args = [
    '--no-psqlrc',
    '--quiet',
    '--set=ON_ERROR_STOP=1',
    '--single-transaction',
    '--output=/dev/null',
  ];
  const login = ['--host', socket, '--username=postgres', '--dbname=postgres'];
  const child = spawn('psql', [...args, ...login], { stdio: ['pipe', 'ignore', 'pipe'] });
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => {
    words = `${words}${chunk}`.slice(-10_000);
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) =>
      code === 0
        ? resolve()
        : reject(
            new CommandError(
              `the dump cannot be loaded, psql ended with ${code ?? signal}: ${lastWords(words)}`,
            ),
          ),
    );
  });
  ended.catch(() => {});
  try {
    await pipeline(from, seal, decrypting(passphrase), createGunzip(), child.stdin, {
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (error) {
    child.kill('SIGKILL');
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EPIPE') await ended;
    if (code?.startsWith('Z_')) throw new Error(`the dump is damaged or cut off: ${message}`);
    throw error;
  }
  await ended;
}

/** What a verification has shown, as a sentence. */
export function sentenceOf({ tables, rows, newestRow }: Verification, seconds: number): string {
  const newest = newestRow ? `, the newest of ${newestRow}` : '';
  return `A restore of it started and answered after ${seconds.toFixed(1)} s: ${tables} tables with ${rows} rows${newest}.`;
}
