import type postgres from 'postgres';
import type { Migration } from './files.ts';

/** A row of schema_migrations: what was applied, when, and by which release. */
export interface Applied {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
  readonly appliedAt: Date;
}

type Queryable = postgres.Sql | postgres.TransactionSql;

export async function createLedger(sql: Queryable): Promise<void> {
  await sql`
    create table if not exists schema_migrations (
      number integer primary key,
      name text not null,
      checksum text not null,
      version text not null,
      applied_at timestamptz not null default current_timestamp
    )`;
}

/** What is applied, oldest first. */
export async function readLedger(sql: Queryable): Promise<Applied[]> {
  const rows = await sql<Applied[]>`
    select number, name, checksum, applied_at as "appliedAt" from schema_migrations order by number`;
  return [...rows];
}

export async function recordApplied(sql: Queryable, migration: Migration, version: string): Promise<void> {
  const { number, name, checksum } = migration;
  await sql`
    insert into schema_migrations (number, name, checksum, version)
    values (${number}, ${name}, ${checksum}, ${version})`;
}

export async function recordUndone(sql: Queryable, number: number): Promise<void> {
  await sql`delete from schema_migrations where number = ${number}`;
}
