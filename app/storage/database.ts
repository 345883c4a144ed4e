import postgres from 'postgres';
import type { ConnectionUrl } from '../connection-url.ts';
import { within } from '../deadline.ts';
import { traced } from '../telemetry/trace.ts';
import { isUnavailable } from './unavailable.ts';

/** A connection pool to PostgreSQL, behind PgBouncer in transaction pooling. */
export interface Database {
  /** The pool at this moment. Ask for it at each use: it is another one after the login has been rotated. */
  readonly sql: postgres.Sql;
  /** Runs one query with a deadline; throws DeadlineExceeded and cancels the query after it. */
  query<T extends readonly postgres.MaybeRow[]>(
    query: postgres.PendingQuery<T>,
    deadlineMs?: number,
  ): Promise<postgres.RowList<T>>;
  /**
   * Runs `work` in a transaction with a deadline, after which it is rolled back; throws what `work` throws, and
   * DeadlineExceeded.
   */
  transaction<T>(work: (sql: postgres.TransactionSql) => Promise<T>, deadlineMs?: number): Promise<T>;
  /** Finishes running queries for at most `graceMs` and closes every connection. */
  end(graceMs: number): Promise<void>;
}

export const SYSTEM = { 'db.system.name': 'postgresql' };
const QUERY_DEADLINE_MS = 3_000;
const TRANSACTION_DEADLINE_MS = 5_000;
const FOLLOW_MS = 1_000;

/** Opens no connection yet: the first query does. `poolSize` connections at most. */
export function openDatabase(options: {
  url: ConnectionUrl;
  poolSize: number;
  applicationName: string;
  /** Called at the end of each query and transaction. ok: the database answered, if only with an error. */
  onAttempt?: (result: 'ok' | 'failed') => void;
}): Database {
  let current = openPool(options);
  const { onAttempt = () => {} } = options;

  const counted = async <T>(work: Promise<T>): Promise<T> => {
    try {
      const result = await work;
      onAttempt('ok');
      return result;
    } catch (error) {
      onAttempt(isUnavailable(error) ? 'failed' : 'ok');
      throw error;
    }
  };

  // A rotation alternates between two logins: another user name needs another pool. (A changed password alone is picked
  // up by the pool's new connections.) The new one is used when it has answered: until then the present login is good,
  // and PgBouncer or the database may not know the new one yet. Queries that run on the old pool finish first.
  let isTrying = false;
  let isEnded = false;
  const follow = async (): Promise<void> => {
    const login = readLogin(options.url);
    if (isTrying || login === undefined || login === current.login) return;
    isTrying = true;
    const next = openPool(options);
    try {
      await within(QUERY_DEADLINE_MS, 'the database', Promise.resolve(next.sql`select 1`));
      const former = isEnded ? next : current;
      if (!isEnded) current = next;
      former.sql.end({ timeout: 30 }).catch(() => {});
    } catch {
      next.sql.end({ timeout: 0 }).catch(() => {});
    } finally {
      isTrying = false;
    }
  };
  // By the clock: who asks nothing for an hour must not find the old login withdrawn.
  const following =
    options.url.file === undefined ? undefined : setInterval(() => void follow(), FOLLOW_MS).unref();

  return {
    get sql() {
      return current.sql;
    },
    query: (query, deadlineMs = QUERY_DEADLINE_MS) =>
      counted(
        traced('postgresql query', 'client', SYSTEM, () =>
          within(deadlineMs, 'the database', Promise.resolve(query), () => query.cancel()),
        ),
      ),
    transaction: async <T>(
      work: (sql: postgres.TransactionSql) => Promise<T>,
      deadlineMs = TRANSACTION_DEADLINE_MS,
    ): Promise<T> => {
      const begin = () =>
        current.sql.begin(async (sql) => {
          // For the server as well: it must not go on with what nobody waits for, nor keep locks for a client that is gone.
          await sql`
          select set_config('statement_timeout', ${String(deadlineMs)}, true),
            set_config('idle_in_transaction_session_timeout', ${String(2 * deadlineMs)}, true)`;
          // Inside, so that what is late is rolled back and never committed afterwards.
          return { value: await within(deadlineMs, 'the database', work(sql)) };
        });
      // Outside, for a server that does not even answer the rollback.
      const bounded = () => within(deadlineMs + 500, 'the database', begin());
      return (await counted(traced('postgresql transaction', 'client', SYSTEM, bounded))).value as T;
    },
    end: (graceMs) => {
      clearInterval(following);
      isEnded = true;
      return current.sql.end({ timeout: graceMs / 1_000 });
    },
  };
}

interface Pool {
  readonly sql: postgres.Sql;
  readonly login: string;
}

function openPool(options: { url: ConnectionUrl; poolSize: number; applicationName: string }): Pool {
  const url = options.url.read();
  const login = loginOf(url);
  let { password } = url;
  const sql = postgres({
    ...address(url),
    // Read again, as a password may change; that of another login is not this pool's.
    password: () => {
      const now = options.url.read();
      if (loginOf(now) === login) password = now.password;
      return decodeURIComponent(password);
    },
    max: options.poolSize,
    // Transaction pooling hands each transaction to another server connection, where a prepared statement is unknown.
    prepare: false,
    fetch_types: false,
    connect_timeout: 3,
    // The driver's own backoff grows to 20 s, which is 20 s too long after a failover.
    backoff: (attempt) => Math.min(0.05 * 2 ** attempt, 1) * (0.5 + Math.random() / 2),
    max_lifetime: 30 * 60,
    connection: { application_name: options.applicationName },
    onnotice: () => {},
  });
  return { sql, login };
}

/** The parts of a connection URL as the driver takes them; the password is left to a function. */
export function address(url: URL) {
  const mode = url.searchParams.get('sslmode');
  return {
    host: url.hostname,
    port: Number(url.port || 5432),
    database: decodeURIComponent(url.pathname.slice(1)) || 'cryptosense',
    username: decodeURIComponent(url.username) || 'cryptosense',
    ...(mode !== null && mode !== 'disable'
      ? { ssl: mode === 'require' ? ('require' as const) : ('verify-full' as const) }
      : {}),
  };
}

const loginOf = (url: URL) => `${url.username}@${url.host}${url.pathname}${url.search}`;

/** undefined while the file cannot be read, as in the middle of a rotation: the present login stays. */
function readLogin(url: ConnectionUrl): string | undefined {
  try {
    return loginOf(url.read());
  } catch {
    return undefined;
  }
}
