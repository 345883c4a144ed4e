import { type Kind, type Migration, MigrationError, nameOf } from './files.ts';
import type { Applied } from './ledger.ts';

/** Up: everything of these kinds that is not applied yet; down: until `number` is the highest that is applied. */
export type Target =
  | { readonly direction: 'up'; readonly kinds?: readonly Kind[] }
  | { readonly direction: 'down'; readonly number: number };

export interface Step {
  readonly migration: Migration;
  readonly script: string;
}

/**
 * A database that a newer release has added to is fine: this release is being rolled back to. One with another past, or
 * from which a newer release has taken something away, is not. Throws MigrationError.
 */
export function compare(migrations: readonly Migration[], applied: readonly Applied[]): void {
  for (const record of applied) {
    const file = migrations[record.number - 1];
    if (file === undefined && record.kind === 'contract') {
      throw new MigrationError(
        `The contract migration ${nameOf(record)} has taken away what this release may need, and this release does not have it. ` +
          'Release an image that has this migration.',
      );
    }
    if (file === undefined || file.checksum === record.checksum) continue;
    throw new MigrationError(
      `The migration ${nameOf(file)} has been changed since it was applied on ${record.appliedAt.toISOString()}. ` +
        'Put the file back as it was, and write what is to change into a new migration.',
    );
  }
}

/** What has to be run, in this order. Throws MigrationError before the first when one of them cannot be. */
export function stepsTo(
  target: Target,
  {
    migrations,
    applied,
    isFresh,
  }: { migrations: readonly Migration[]; applied: readonly Applied[]; isFresh: boolean },
): Step[] {
  if (target.direction === 'down') return undoing(migrations, applied, target.number);
  const left = pending(migrations, applied);
  // Nobody needs what an empty database could lose: its migrations run as they were written, one after the other.
  const kinds = isFresh ? undefined : target.kinds;
  const steps = left.filter(({ kind }) => kinds?.includes(kind) ?? true);
  const missing = left.find(({ kind }) => kind === 'expand');
  if (kinds && !kinds.includes('expand') && missing)
    throw new MigrationError(
      `${nameOf(missing)} is not applied yet: contract migrations only run after the others, with "migrate contract" after "migrate".`,
    );
  return steps.map((migration) => ({ migration, script: migration.up }));
}

export function pending(migrations: readonly Migration[], applied: readonly Applied[]): Migration[] {
  const done = new Set(applied.map((record) => record.number));
  return migrations.filter(({ number }) => !done.has(number));
}

/** The last that was applied is the first to go: a contract migration may have come after one with a higher number. */
function undoing(migrations: readonly Migration[], applied: readonly Applied[], downTo: number): Step[] {
  const lastFirst = applied.filter((record) => record.number > downTo).reverse();
  return lastFirst.map((record) => {
    const migration = migrations[record.number - 1];
    if (migration === undefined) {
      throw new MigrationError(
        `${nameOf(record)} was applied by a newer release; undo it with that release.`,
      );
    }
    if (migration.down === undefined) {
      throw new MigrationError(`${nameOf(record)} is irreversible; restore a backup from before it instead.`);
    }
    return { migration, script: migration.down };
  });
}
