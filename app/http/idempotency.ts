import { createHash } from 'node:crypto';
import type { Context } from 'koa';
import type postgres from 'postgres';
import type { Database } from '../storage/database.ts';
import type { Verbatim } from './endpoint.ts';
import { Problem } from './problem.ts';
import type { User } from './user.ts';

/** How long a key answers repetitions. */
const KEPT_HOURS = 24;
const CLEAN_EVERY_MS = 10 * 60_000;
/** RFC 8941 strings are in quotes; most clients send the bare key. */
const KEY = /^"?([\x21\x23-\x7e]{1,255})"?$/;

/** An answer as it is sent: JSON is text already. */
export interface SentAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly content?: Verbatim['content'];
}

/** Runs writes in transactions, and answers repetitions of one from what is recorded beside it. */
export interface Idempotency {
  /**
   * With a key: a success that was recorded for it is answered again (`Idempotency-Replayed: true`); else `write` runs, and
   * its success is recorded in the same transaction. Throws Problems: 400 for what is no key, 409 while the same key is
   * at work, 422 for a key of another request. Without a key `write` just has its transaction.
   */
  run(
    request: { ctx: Context; user: User; bytes: Buffer },
    write: (sql: postgres.TransactionSql) => Promise<SentAnswer>,
  ): Promise<SentAnswer>;
}

export function createIdempotency(database: Database): Idempotency {
  let cleanAt = performance.now() + CLEAN_EVERY_MS;
  const clean = async () => {
    if (performance.now() < cleanAt) return;
    cleanAt = performance.now() + CLEAN_EVERY_MS;
    const { sql } = database;
    await database.query(sql`
      delete from idempotency_keys where (user_id, key) in (
        select user_id, key from idempotency_keys
        where created_at < now() - ${`${KEPT_HOURS} hours`}::text::interval limit 10000)`);
  };

  return {
    run: async ({ ctx, user, bytes }, write) => {
      const key = keyOf(ctx);
      if (key === undefined) return database.transaction(write);
      const print = fingerprint(ctx, bytes);
      const answer = await database.transaction(async (sql) => {
        await lock(sql, user.id, key);
        const known = await recorded(sql, user.id, key, print);
        if (known) return { ...known, headers: { ...known.headers, 'Idempotency-Replayed': 'true' } };
        const made = await write(sql);
        if (made.status < 300) await record(sql, { userId: user.id, key, print, made });
        return made;
      });
      clean().catch(() => {});
      return answer;
    },
  };
}

function keyOf(ctx: Context): string | undefined {
  const found = ctx.headers['idempotency-key'];
  if (found === undefined) return undefined;
  const key = KEY.exec(String(found))?.[1];
  if (key !== undefined) return key;
  const detail = 'must be 1 to 255 visible ASCII characters, such as a UUID';
  throw new Problem({
    status: 400,
    kind: 'wrong-idempotency-key',
    detail: `The header "Idempotency-Key" ${detail}.`,
    errors: [{ parameter: 'Idempotency-Key', detail }],
  });
}

const fingerprint = (ctx: Context, bytes: Buffer) =>
  createHash('sha256')
    .update(`${ctx.method} ${ctx.path.replace(/^\/api\/v\d+\//, '/api/')}\n`)
    .update(bytes)
    .digest('hex');

/** Ends with the transaction, however that ends: a replica that dies leaves nothing locked. */
async function lock(sql: postgres.TransactionSql, userId: string, key: string): Promise<void> {
  const [row] = await sql`
    select pg_try_advisory_xact_lock(hashtextextended(${`idempotency ${userId} ${key}`}, 0)) as held`;
  if (row?.held) return;
  throw new Problem({
    status: 409,
    kind: 'request-under-way',
    detail: 'A request with this Idempotency-Key is under way; ask again when it has been answered.',
    retryAfterS: 1,
  });
}

async function recorded(
  sql: postgres.TransactionSql,
  userId: string,
  key: string,
  print: string,
): Promise<SentAnswer | undefined> {
  const [row] = await sql`
    select fingerprint, status, headers::text as headers, body from idempotency_keys
    where user_id = ${userId} and key = ${key} and created_at > now() - ${`${KEPT_HOURS} hours`}::text::interval`;
  if (!row) return undefined;
  if (row.fingerprint !== print) {
    throw new Problem({
      status: 422,
      kind: 'idempotency-key-reused',
      detail: 'This Idempotency-Key was used with another request; take a new key for a new request.',
    });
  }
  return {
    status: row.status,
    headers: JSON.parse(row.headers),
    ...(row.body === null ? {} : { content: row.body }),
  };
}

async function record(
  sql: postgres.TransactionSql,
  { userId, key, print, made }: { userId: string; key: string; print: string; made: SentAnswer },
): Promise<void> {
  const text = typeof made.content === 'string' ? made.content : null;
  // A row that is there all the same has outlived its day.
  await sql`
    insert into idempotency_keys (user_id, key, fingerprint, status, headers, body)
    values (${userId}, ${key}, ${print}, ${made.status}, ${JSON.stringify(made.headers)}::text::jsonb, ${text})
    on conflict (user_id, key) do update set fingerprint = excluded.fingerprint, status = excluded.status,
      headers = excluded.headers, body = excluded.body, created_at = now()`;
}
