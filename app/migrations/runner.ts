import postgres from 'postgres';
import type { ConnectionUrl } from '../connection-url.ts';
import { address } from '../storage/database.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type Migration, MigrationError } from './files.ts';
import { type Applied, createLedger, readLedger, recordApplied, recordUndone } from './ledger.ts';

/** Up to the newest migration, or down until `number` is the newest that is applied. */
export type Target = { readonly direction: 'up' } | { readonly direction: 'down'; readonly number: number };

// "cryptose" in ASCII: one number that all runners agree on and nobody else uses.
const ADVISORY_LOCK = '7165065891023484773';
/** Another migration may be at work; its own statements are bounded, so it ends. */
const WAIT_FOR_OTHERS = '10min';
/** A statement that waits for a lock makes every later query on that table wait behind it. */
const WAIT_FOR_TABLES = '5s';

/**
 * Applies or undoes migrations, each in one transaction together with its record, and returns how many. Any number
 * of these may run at once: one works, the others wait and find nothing left to do. Throws MigrationError when an
 * applied file was changed or cannot be undone, and PostgreSQL's errors.
 */
export async function runMigrations(options: {
  url: ConnectionUrl;
  migrations: readonly Migration[];
  target: Target;
  version: string;
  logger: Logger;
}): Promise<number> {
  const { url, migrations, target, version, logger } = options;
  const sql = connect(url, logger);
  try {
    await sql.unsafe(`set lock_timeout = '${WAIT_FOR_OTHERS}'`);
    await sql`select pg_advisory_lock(${ADVISORY_LOCK})`;
    await createLedger(sql);
    const applied = await readLedger(sql);
    compare(migrations, applied);
    const steps =
      target.direction === 'up' ? pending(migrations, applied) : undoing(migrations, applied, target.number);
    for (const { migration, script } of steps) {
      const start = performance.now();
      await sql.begin(async (transaction) => {
        await transaction.unsafe(`set local lock_timeout = '${WAIT_FOR_TABLES}'`);
        await transaction.unsafe(script);
        if (target.direction === 'up') await recordApplied(transaction, migration, version);
        else await recordUndone(transaction, migration.number);
      });
      const durationMs = Math.round(performance.now() - start);
      const done = target.direction === 'up' ? 'applied' : 'undone';
      logger.info(`migration ${done}`, {
        migration: nameOf(migration),
        reversible: 'down' in migration,
        durationMs,
      });
    }
    return steps.length;
  } finally {
    // The advisory lock ends with its session.
    await sql.end({ timeout: 5 });
  }
}

function connect(url: ConnectionUrl, logger: Logger): postgres.Sql {
  return postgres({
    ...address(url.read()),
    password: () => decodeURIComponent(url.read().password),
    // One connection, kept: the advisory lock belongs to its session.
    max: 1,
    max_lifetime: null,
    connect_timeout: 10,
    fetch_types: false,
    connection: { application_name: 'cryptosense-migrate' },
    onnotice: (notice) => {
      logger.debug('notice from the database', { notice: notice.message });
    },
  });
}

const nameOf = ({ number, name }: { number: number; name: string }) =>
  `${String(number).padStart(4, '0')}-${name}`;

/** A database that a newer release has migrated is fine (this release is being rolled back to); another past is not. */
function compare(migrations: readonly Migration[], applied: readonly Applied[]): void {
  for (const record of applied) {
    const file = migrations[record.number - 1];
    if (file === undefined || file.checksum === record.checksum) continue;
    throw new MigrationError(
      `The migration ${nameOf(file)} has been changed since it was applied on ${record.appliedAt.toISOString()}. ` +
        'Put the file back as it was, and write what is to change into a new migration.',
    );
  }
}

interface Step {
  readonly migration: Migration;
  readonly script: string;
}

function pending(migrations: readonly Migration[], applied: readonly Applied[]): Step[] {
  const done = new Set(applied.map((record) => record.number));
  return migrations
    .filter(({ number }) => !done.has(number))
    .map((migration) => ({ migration, script: migration.up }));
}

function undoing(migrations: readonly Migration[], applied: readonly Applied[], downTo: number): Step[] {
  const newestFirst = applied.filter((record) => record.number > downTo).reverse();
  // All of it is checked before the first is undone.
  return newestFirst.map((record) => {
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
