import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type postgres from 'postgres';
import { parseRecord } from '../../operator/backup/record.ts';
import { recordKey } from '../../operator/backup/repository.ts';
import type { Target } from '../../operator/restore/world.ts';
import { Bucket } from '../bucket.ts';
import { withScratch } from '../scratch.ts';
import { readSecrets, readSettings } from '../settings.ts';
import { choose } from './choice.ts';
import { restoreFiles } from './files.ts';
import { replayed, startRecovered } from './recovered.ts';
import { OWN_REPOSITORY, type Repository } from './repository.ts';

const DAY_MS = 86_400_000;

/** What a restore leaves in postgresql.auto.conf: the database goes on without it. */
const OF_THE_RESTORE = [
  'archive_mode',
  'restore_command',
  'recovery_target',
  'recovery_target_action',
  'recovery_target_lsn',
  'recovery_target_name',
  'recovery_target_time',
];

/** Files that belonged to the former database's members. */
const OF_FORMER_MEMBERS = ['patroni.dynamic.json', 'patroni.dynamic.json.tmp', 'standby.signal'];

/** What makes the restored database the new environment's: names and passwords. */
interface Identity {
  superuser: string;
  password: string;
  database: string;
  app?: { user: string; password: string };
}

/**
 * Makes PGDATA from the backups in RECOVERY_FOLDER, in place of an empty database: restored up to RECOVERY_TARGET, recovered, with the
 * passwords and the database name of this environment, and only then under its name. So PGDATA is either whole or not there, and
 * what was cut off is begun again. Throws an Error with one sentence, which is also the container's last words.
 */
export async function recover(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  try {
    await recovered(env);
  } catch (error) {
    const words = `the database cannot be made from the backups: ${(error as Error).message}`;
    // Outside of a cluster there is no such file.
    await writeFile('/dev/termination-log', words, { flag: 'r+' }).catch(() => {});
    throw new Error(words, { cause: error });
  }
}

async function recovered(env: NodeJS.ProcessEnv): Promise<void> {
  const { PGDATA: data, RECOVERY_FOLDER: folder } = env;
  if (!data || !folder)
    throw new Error('set PGDATA and RECOVERY_FOLDER: the database is made from the backups there');
  const unfinished = `${data}.unfinished`;
  const look = `${data}.look`;
  for (const left of [unfinished, look]) await rm(left, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  const { signal } = new AbortController();
  const repository: Repository = { ...OWN_REPOSITORY, folder };
  const wanted = JSON.parse(env.RECOVERY_TARGET ?? '{}') as Target;
  const target = await byLabel(wanted, folder);
  const chosen = await choose(repository, { ...target, folder: look, now: Date.now() }, signal);
  say(`restoring ${chosen.label} of ${chosen.stanza}, up to ${chosen.until.type}`);
  await restoreFiles(repository, chosen, { data: unfinished, archiveOff: true, timeoutMs: DAY_MS, signal });
  for (const file of OF_FORMER_MEMBERS) await rm(join(unfinished, file), { force: true });
  await withScratch('/tmp', async (scratch) => {
    const server = await startRecovered(scratch, unfinished, DAY_MS);
    try {
      await replayed(server.sql, chosen);
      await becomes(server.sql, identityOf(env));
    } finally {
      await server.stop();
    }
  });
  const { superuser } = identityOf(env);
  const ident = `# MAP  SYSTEM-USERNAME  PG-USERNAME\ncontainer postgres "${superuser}"\n`;
  await writeFile(join(unfinished, 'pg_ident.conf'), ident);
  await sync(unfinished);
  await rename(unfinished, data);
  await sync(dirname(data));
  await rm(look, { recursive: true, force: true });
  say(`${data} is made from backup ${chosen.label}`);
}

/** A name of a CryptoSenseBackup means something in its own cluster: here its record in the bucket says which backup it is. */
async function byLabel(target: Target, folder: string): Promise<{ target: Target; stanza?: string }> {
  if (target.backup === undefined) return { target };
  const settings = readSettings(folder);
  const bucket = new Bucket(settings, readSecrets(folder));
  try {
    const key = recordKey(settings.prefix, target.backup);
    const text = await bucket.text(key);
    const { label = target.backup, stanza } = text === undefined ? {} : parseRecord(key, text).status;
    return { target: { backup: label }, ...(stanza ? { stanza } : {}) };
  } finally {
    bucket.close();
  }
}

function identityOf(env: NodeJS.ProcessEnv): Identity {
  const superuser = env.POSTGRES_USER || 'postgres';
  const password = secret(env, 'POSTGRES_PASSWORD');
  const app = secret(env, 'APP_PASSWORD');
  return {
    superuser,
    password,
    database: env.POSTGRES_DB || superuser,
    ...(env.APP_USER ? { app: { user: env.APP_USER, password: app } } : {}),
  };
}

/** The value of `name`, or the content of the file that `name`_FILE names. */
function secret(env: NodeJS.ProcessEnv, name: string): string {
  const file = env[`${name}_FILE`];
  return (file ? readFileSync(file, 'utf8') : (env[name] ?? '')).trimEnd();
}

/** Gives the restored database the names and passwords of the environment, and takes away what only the restore needed. */
async function becomes(sql: postgres.Sql, { superuser, password, database, app }: Identity): Promise<void> {
  await withPassword(sql, superuser, password);
  if (app) {
    const [role] = await sql`select from pg_roles where rolname = ${app.user}`;
    if (!role) await sql`create role ${sql(app.user)} login`;
    await withPassword(sql, app.user, app.password);
  }
  const databases = await sql<{ name: string; owner: string }[]>`
    select datname as name, pg_get_userbyid(datdba) as owner from pg_database
     where not datistemplate order by pg_database_size(oid) desc`;
  if (!databases.some(({ name }) => name === database)) {
    const others = databases.filter(({ name }) => name !== 'postgres');
    const [former] = [...others.filter(({ owner }) => owner === app?.user), ...others];
    if (!former) throw new Error(`the backup has no database that could be ${database}`);
    say(`database ${former.name} is called ${database} here`);
    await sql`alter database ${sql(former.name)} rename to ${sql(database)}`;
  }
  if (app) await sql`alter database ${sql(database)} owner to ${sql(app.user)}`;
  for (const setting of OF_THE_RESTORE) await sql`alter system reset ${sql(setting)}`;
}

/** SCRAM, as a new database has it; the statement cannot be given a parameter, so that PostgreSQL itself quotes it. */
async function withPassword(sql: postgres.Sql, role: string, password: string): Promise<void> {
  const [row] = await sql<{ statement: string }[]>`
    select format('alter role %I login password %L', ${role}::text, ${password}::text) as statement`;
  await sql`set password_encryption = 'scram-sha-256'`;
  await sql.unsafe(row?.statement ?? '');
}

/** Everything that was written to the file system of `path` is on the disk: the server ran without syncs. */
async function sync(path: string): Promise<void> {
  await promisify(execFile)('sync', ['-f', path]);
}

function say(text: string): void {
  console.error(`database: ${text}`);
}
