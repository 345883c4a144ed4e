import { readFileSync } from 'node:fs';
import type postgres from 'postgres';

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

/** What makes a restored database the environment's: names and passwords. */
export interface Identity {
  superuser: string;
  password: string;
  database: string;
  app?: { user: string; password: string };
}

/** As the container of a database has it in its environment. */
export function identityOf(env: NodeJS.ProcessEnv): Identity {
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
export async function becomes(
  sql: postgres.Sql,
  { superuser, password, database, app }: Identity,
): Promise<void> {
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
    console.error(`database: database ${former.name} is called ${database} here`);
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
