import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repeatable } from './repeatable.ts';

/** expand adds, so that the releases before it still work; contract takes away what they needed. */
export type Kind = 'expand' | 'contract';

/** One migration: a file `NNNN-name.sql`, whose first line says what it is. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly kind: Kind;
  /** SHA-256 of the file, in hex. */
  readonly checksum: string;
  readonly up: string;
  /** The content of `NNNN-name.down.sql`; absent when the migration is marked irreversible. */
  readonly down?: string;
  /** It cannot be in a transaction, and holds one statement that can be run again. */
  readonly alone?: true;
}

/** The migrations, or the database's record of them, are not as they have to be. The message is one for a person. */
export class MigrationError extends Error {
  override name = 'MigrationError';
}

/** NNNN-name, as logs and messages call a migration. */
export function nameOf({ number, name }: Pick<Migration, 'number' | 'name'>): string {
  return `${String(number).padStart(4, '0')}-${name}`;
}

const FILE = /^(\d{4})-([a-z0-9-]{1,60})\.sql$/;
const MARK = /^-- (contract, )?(no transaction, )?(reversible|irreversible: \S.*)$/;

/** The migrations in a folder, by number. Throws MigrationError when one is not marked or a number is not the next. */
export function readMigrations(folder: string): Migration[] {
  const files = readdirSync(folder).sort();
  const migrations = files.flatMap((file) => {
    if (!file.endsWith('.sql') || file.endsWith('.down.sql')) return [];
    const [, number, name] = FILE.exec(file) ?? [];
    if (number === undefined || name === undefined)
      throw new MigrationError(
        `${file} has to be named NNNN-name.sql, with lower-case letters, digits and hyphens (at most 60) in the name.`,
      );
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
  const [, contract, alone, mark] = MARK.exec(up.split('\n', 1)[0]?.trimEnd() ?? '') ?? [];
  if (mark === undefined) {
    throw new MigrationError(
      `${file} has to begin with a line "-- reversible" or "-- irreversible: the reason", so that whoever releases it knows; ` +
        'before these words may stand "contract, " and "no transaction, ".',
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
  const down = hasDown ? readFileSync(join(folder, downFile), 'utf8') : undefined;
  if (alone) for (const script of [up, down ?? []].flat()) assertRepeatable(file, script);
  return {
    number,
    name,
    kind: contract ? 'contract' : 'expand',
    checksum,
    up,
    ...(down === undefined ? {} : { down }),
    ...(alone ? { alone: true } : {}),
  };
}

/** Nobody knows how far a statement without a transaction had come when its run was cut off: it has to be run again. */
function assertRepeatable(file: string, script: string): void {
  const problem = repeatable(script).problem;
  if (problem !== undefined) throw new MigrationError(`${file} is marked "no transaction", and ${problem}.`);
}
