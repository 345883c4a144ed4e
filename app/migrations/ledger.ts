import type postgres from 'postgres';
import type { Kind, Migration } from './files.ts';

/** A row of schema_migrations: what was applied, when, and by which release. */
export interface Applied {
  readonly number: number;
  readonly name: string;
  readonly kind: Kind;
  readonly checksum: string;
  readonly appliedAt: Date;
  /** Names the run that applied it, its repetitions included; null when nobody had given it a name. */
  readonly run: string | null;
}

type Queryable = postgres.Sql | postgres.TransactionSql;

/** Makes the ledger, or adds to one of an earlier release what it lacks; what earlier releases write still fits. */
export async function createLedger(sql: Queryable): Promise<void> {
  await sql`
    create table if not exists schema_migrations (
      number integer primary key,
      name text not null,
      checksum text not null,
      version text not null,
      applied_at timestamptz not null default current_timestamp
    )`;
  // Asked for first: to alter a table needs a lock that keeps everybody else away from it, even when there is nothing to do.
  if (await isOld(sql))
    await sql`
      alter table schema_migrations
        add column if not exists kind text not null default 'expand',
        add column if not exists run text`;
}

/** What is applied, in the order in which it was; nothing when there is no ledger yet. Writes nothing. */
export async function readLedger(sql: Queryable): Promise<Applied[]> {
  const [ledger] = await sql<
    { there: boolean }[]
  >`select to_regclass('schema_migrations') is not null as there`;
  if (!ledger?.there) return [];
  const added = (await isOld(sql)) ? sql`'expand' as kind, null as run` : sql`kind, run`;
  const rows = await sql<Applied[]>`
    select number, name, ${added}, checksum, applied_at as "appliedAt"
    from schema_migrations order by applied_at, number`;
  return [...rows];
}

/** Whether the database has no table besides the ledger: nothing could be lost. */
export async function isEmpty(sql: Queryable): Promise<boolean> {
  const [found] = await sql`
    select from pg_class
    where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and relname <> 'schema_migrations'
    limit 1`;
  return found === undefined;
}

/** Who applied it: the version of the release, and the name of its run if it has one. */
export interface Runner {
  readonly version: string;
  readonly run?: string;
}

export async function recordApplied(sql: Queryable, migration: Migration, by: Runner): Promise<void> {
  const { number, name, kind, checksum } = migration;
  await sql`
    insert into schema_migrations (number, name, kind, checksum, version, run)
    values (${number}, ${name}, ${kind}, ${checksum}, ${by.version}, ${by.run ?? null})`;
}

export async function recordUndone(sql: Queryable, number: number): Promise<void> {
  await sql`delete from schema_migrations where number = ${number}`;
}

/** Whether the ledger is as releases made it that knew neither kinds nor runs. */
async function isOld(sql: Queryable): Promise<boolean> {
  const found = await sql`
    select from pg_attribute
    where attrelid = to_regclass('schema_migrations') and attname in ('kind', 'run') and not attisdropped`;
  return found.length < 2;
}
