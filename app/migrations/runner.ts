import type postgres from 'postgres';
import type { ConnectionUrl } from '../connection-url.ts';
import type { Logger } from '../telemetry/logger.ts';
import { PassingError, passes, sentence } from './failure.ts';
import { type Migration, MigrationError, nameOf } from './files.ts';
import { createLedger, isEmpty, type Runner, readLedger, recordApplied, recordUndone } from './ledger.ts';
import { repeatable } from './repeatable.ts';
import { type Result, resultOf } from './result.ts';
import { alone, inSession } from './session.ts';
import { compare, type Step, stepsTo, type Target } from './steps.ts';

export type { Target } from './steps.ts';

export interface RunOptions {
  url: ConnectionUrl;
  migrations: readonly Migration[];
  logger: Logger;
  /** Bounds every statement, and the time that another run is waited for; 15 minutes. */
  deadlineMs?: number;
  /** PEM: the database has to show a certificate of it, for the host of the URL. */
  authority?: string;
}

/** A run has failed after it had found out how things are. */
export class RunFailed extends Error {
  readonly result: Result;

  constructor(result: Result, cause: unknown) {
    super(result.error, { cause });
    this.result = result;
  }
}

const DEADLINE_MS = 15 * 60_000;

/** What is pending, without changing anything. Throws MigrationError when an applied file was changed. */
export async function reportMigrations(options: RunOptions): Promise<Result> {
  const { migrations, deadlineMs = DEADLINE_MS } = options;
  return inSession({ ...options, deadlineMs }, async (sql) => {
    await alone(sql, deadlineMs, 'shared');
    const applied = await readLedger(sql);
    compare(migrations, applied);
    return resultOf(migrations, { applied, isFresh: applied.length === 0 && (await isEmpty(sql)), run: [] });
  });
}

/**
 * Applies or undoes migrations, each in one transaction together with its record. Any number of these may run at once: one
 * works, the others wait and find nothing left to do. Throws MigrationError when an applied file was changed or cannot be
 * undone, RunFailed when a file fails, and PostgreSQL's errors.
 */
export async function runMigrations(options: RunOptions & Runner & { target: Target }): Promise<Result> {
  const { migrations, target, logger, deadlineMs = DEADLINE_MS } = options;
  return inSession({ ...options, deadlineMs }, async (sql) => {
    await alone(sql, deadlineMs, 'exclusive');
    const isFresh = (await readLedger(sql)).length === 0 && (await isEmpty(sql));
    await createLedger(sql);
    const applied = await readLedger(sql);
    compare(migrations, applied);
    // A run that was cut off is repeated under the same name: what it had applied is the run's as well.
    const earlier = migrations.filter(({ number }) =>
      applied.some((record) => record.number === number && record.run !== null && record.run === options.run),
    );
    const done: Migration[] = [];
    const found = () => {
      const run = target.direction === 'up' ? [...earlier, ...done] : [];
      const undone = new Set(target.direction === 'up' ? [] : done.map(({ number }) => number));
      return resultOf(migrations, {
        applied: applied.filter(({ number }) => !undone.has(number)),
        isFresh,
        run,
      });
    };
    for (const step of stepsTo(target, { migrations, applied, isFresh })) {
      const start = performance.now();
      const name = nameOf(step.migration);
      try {
        await perform(sql, step, target.direction, options);
      } catch (error) {
        throw new RunFailed(
          { ...found(), error: sentence(name, error, step.migration.alone === true) },
          error,
        );
      }
      done.push(step.migration);
      logger.info(`migration ${target.direction === 'up' ? 'applied' : 'undone'}`, {
        migration: name,
        kind: step.migration.kind,
        reversible: step.migration.down !== undefined,
        durationMs: Math.round(performance.now() - start),
      });
    }
    return found();
  });
}

async function perform(
  sql: postgres.Sql,
  { migration, script }: Step,
  direction: Target['direction'],
  by: Runner,
): Promise<void> {
  const record = (on: postgres.Sql | postgres.TransactionSql) =>
    direction === 'up' ? recordApplied(on, migration, by) : recordUndone(on, migration.number);
  if (migration.alone) {
    await runAlone(sql, script);
    await record(sql);
    return;
  }
  await sql.begin(async (transaction) => {
    await transaction.unsafe(script);
    await record(transaction);
  });
}

/**
 * A statement that cannot be in a transaction. An index whose building was cut off is left behind INVALID: it costs every
 * write and helps no query, and "if not exists" takes it for the real one. It goes before the statement is run again.
 */
async function runAlone(sql: postgres.Sql, script: string): Promise<void> {
  const { index } = repeatable(script) as { index?: string };
  if (index !== undefined && (await isInvalid(sql, index)))
    await sql`drop index concurrently if exists ${sql(index)}`;
  // It waits for transactions that began before it, but keeps nobody from reading or writing meanwhile.
  await sql`set lock_timeout = 0`;
  try {
    await sql.unsafe(script);
  } finally {
    await sql`reset lock_timeout`.catch(() => {});
  }
  if (index !== undefined && (await isInvalid(sql, index)))
    throw new PassingError(`the index ${index} is not valid`);
}

async function isInvalid(sql: postgres.Sql, index: string): Promise<boolean> {
  const [found] = await sql`
    select from pg_index where indexrelid = to_regclass(quote_ident(${index})) and not indisvalid`;
  return found !== undefined;
}

/** Whether the run may succeed when it is tried again. */
export function mayBeTriedAgain(error: unknown): boolean {
  return passes(error instanceof RunFailed ? error.cause : error);
}

/** Whether it is a mistake in the migrations or in how they were called, which needs no stack. */
export function isMistake(error: unknown): boolean {
  return error instanceof MigrationError || error instanceof RunFailed;
}
