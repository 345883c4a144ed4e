import { setTimeout as pause } from 'node:timers/promises';
import postgres from 'postgres';
import type { ConnectionUrl } from '../connection-url.ts';
import { address } from '../storage/database.ts';
import type { Logger } from '../telemetry/logger.ts';
import { codeOf, PassingError } from './failure.ts';
import { MigrationError } from './files.ts';

/** A statement that waits for a lock makes every later query on that table wait behind it. */
const WAIT_FOR_TABLES_MS = 5_000;
const ASK_AGAIN_MS = 500;

/** "cryptose" in ASCII: one number that all runners agree on and nobody else uses. */
const ADVISORY_LOCK = '7165065891023484773';

/** PostgreSQL's code for a startup parameter that it, or a pooler in front of it, does not take. */
const UNKNOWN_PARAMETER = '08P01';

/**
 * Runs `work` on one connection to the primary. Its limits are startup parameters, which PgBouncer refuses: through a pool
 * of transactions neither limits nor advisory locks would hold. `deadlineMs` bounds every statement; the
 * certificate has to be one of `authority` (PEM), when there is one.
 * Throws MigrationError for a pooler, PassingError for a standby, and PostgreSQL's errors.
 */
export async function inSession<T>(
  {
    url,
    logger,
    deadlineMs,
    authority,
  }: { url: ConnectionUrl; logger: Logger; deadlineMs: number; authority?: string },
  work: (sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  const at = address(url.read());
  const sql = postgres({
    ...at,
    // Node takes the host for the one that the certificate has to name, an address as well.
    ...(authority === undefined ? {} : { ssl: { ca: authority, host: at.host } }),
    password: () => decodeURIComponent(url.read().password),
    // One connection, kept: the advisory lock belongs to its session.
    max: 1,
    max_lifetime: null,
    connect_timeout: 10,
    fetch_types: false,
    connection: {
      application_name: 'cryptosense-migrate',
      lock_timeout: WAIT_FOR_TABLES_MS,
      statement_timeout: deadlineMs,
      idle_in_transaction_session_timeout: 60_000,
      // The server looks for its client now and then: what a killed Job has begun ends soon, and its locks with it.
      client_connection_check_interval: 2_000,
    },
    onnotice: (notice) => {
      logger.debug('notice from the database', { notice: notice.message });
    },
  });
  try {
    await assertPrimary(sql);
    return await work(sql);
  } finally {
    // The advisory lock ends with its session.
    await sql.end({ timeout: 5 });
  }
}

async function assertPrimary(sql: postgres.Sql): Promise<void> {
  const [server] = await sql<{ standby: boolean }[]>`select pg_is_in_recovery() as standby`.catch((error) => {
    const isPooler = codeOf(error) === UNKNOWN_PARAMETER && /startup parameter/.test(String(error));
    if (!isPooler) throw error;
    throw new MigrationError(
      'MIGRATION_DATABASE_URL leads to PgBouncer: a migration needs PostgreSQL itself, as locks do not hold through a pool of transactions.',
    );
  });
  if (server?.standby)
    throw new PassingError('MIGRATION_DATABASE_URL leads to a standby: a migration needs the primary.');
}

/**
 * Waits until no other migration is at work, then keeps others out until the session ends. It asks again and again: a
 * session that waited inside PostgreSQL would hold a snapshot, for which an index that is built concurrently waits.
 */
export async function alone(
  sql: postgres.Sql,
  deadlineMs: number,
  mode: 'shared' | 'exclusive',
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const [got] =
      mode === 'exclusive'
        ? await sql<{ locked: boolean }[]>`select pg_try_advisory_lock(${ADVISORY_LOCK}) as locked`
        : await sql<{ locked: boolean }[]>`select pg_try_advisory_lock_shared(${ADVISORY_LOCK}) as locked`;
    if (got?.locked) return;
    if (performance.now() > deadline)
      throw new PassingError('Another migration has been at work all the time that this one had.');
    await pause(ASK_AGAIN_MS);
  }
}
