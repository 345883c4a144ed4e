import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One migration: `NNNN-name.sql`, whose first line is `-- reversible` or `-- irreversible: the reason`. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  /** SHA-256 of the file, in hex. */
  readonly checksum: string;
  readonly up: string;
  /** The content of `NNNN-name.down.sql`; absent when the migration is marked irreversible. */
  readonly down?: string;
}

/** The migrations, or the database's record of them, are not as they have to be. The message is one for a person. */
export class MigrationError extends Error {
  override name = 'MigrationError';
}

const FILE = /^(\d{4})-([a-z0-9-]+)\.sql$/;
const MARK = /^-- (reversible|irreversible: \S.*)$/;

/** The migrations in a folder, by number. Throws MigrationError when one is not marked or a number is not the next. */
export function readMigrations(folder: string): Migration[] {
  const files = readdirSync(folder).sort();
  const migrations = files.flatMap((file) => {
    const [, number, name] = FILE.exec(file) ?? [];
    if (number === undefined || name === undefined) return [];
    return [readMigration(folder, file, Number(number), name, files)];
  });
  if (migrations.length === 0) throw new MigrationError(`There are no migrations in ${folder}.`);
  for (const [index, { number, name }] of migrations.entries()) {
    if (number === index + 1) continue;
    throw new MigrationError(`The migration "${name}" has the number ${number}, expected ${index + 1}.`);
  }
  return migrations;
}

function readMigration(
  folder: string,
  file: string,
  number: number,
  name: string,
  files: string[],
): Migration {
  const up = readFileSync(join(folder, file), 'utf8');
  const mark = MARK.exec(up.split('\n', 1)[0] ?? '')?.[1];
  if (mark === undefined) {
    throw new MigrationError(
      `${file} has to begin with a line "-- reversible" or "-- irreversible: the reason", so that whoever releases it knows.`,
    );
  }
  const checksum = createHash('sha256').update(up).digest('hex');
  const downFile = file.replace(/\.sql$/, '.down.sql');
  const hasDown = files.includes(downFile);
  if (hasDown !== (mark === 'reversible')) {
    throw new MigrationError(
      `${file} says "${mark}", and ${downFile} ${hasDown ? 'is there' : 'is missing'}.`,
    );
  }
  const migration = { number, name, checksum, up };
  return hasDown ? { ...migration, down: readFileSync(join(folder, downFile), 'utf8') } : migration;
}
