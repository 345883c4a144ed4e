import { z } from 'zod';
import type { Cache } from '../storage/cache.ts';
import type { Database } from '../storage/database.ts';
import { createLeasedCache } from '../storage/leased-cache.ts';
import { type Identity, identitySchema } from './identity.ts';
import { planOf } from './plan.ts';
import { digestOf, newToken } from './token.ts';

/** How long a session lives after its login, in seconds: a week. */
export const SESSION_S = 604_800;
/** A change of plan, and an end of a session that could not be told to Redis, are seen after this at the latest. */
const FRESH_MS = 60_000;

export interface NewSession {
  /** Goes to the client and is kept nowhere else. */
  readonly token: string;
  readonly expiresAt: Date;
}

/**
 * Sessions: rows in the database, copies under `session:{id}` in Redis. Redis gone costs speed only, the database gone
 * leaves those signed in whose session Redis has.
 */
export interface SessionStore {
  /** Begins a session, and in the same step ends the one that the client had before, if it had any. */
  begin(identity: Identity, before: string | undefined): Promise<NewSession>;
  find(token: string): Promise<Identity | undefined>;
  end(token: string): Promise<void>;
  /** Ends all sessions of a user but that of `keep`. */
  endOthers(userId: string, keep: string | undefined): Promise<void>;
  /** To be called when the rows of sessions are gone: their copies go as well, as soon as Redis answers. */
  forget(ids: readonly string[]): Promise<void>;
  /** Removes what has expired, and tells Redis what it has not heard of yet. Returns how many rows went. */
  sweep(): Promise<number>;
}

const copySchema = identitySchema.extend({ expiresAtMs: z.number() });
type Copy = z.output<typeof copySchema>;

export function createSessionStore(database: Database, cache: Cache): SessionStore {
  const copies = createLeasedCache<Copy>({
    cache,
    schema: copySchema,
    ttlMs: ({ expiresAtMs }) => expiresAtMs - Date.now(),
    freshMs: FRESH_MS,
  });
  const keyOf = (id: string) => `session:${id}`;

  const load = async (id: string): Promise<Copy | undefined> => {
    const { sql } = database;
    const [row] = await database.query(sql<Row[]>`
      select users.id, users.email, users.plan, sessions.expires_at as "expiresAt"
      from sessions join users on users.id = sessions.user_id
      where sessions.id = ${id} and ended_at is null and expires_at > current_timestamp`);
    if (!row) return undefined;
    const { id: userId, email, plan, expiresAt } = row;
    return { id: userId, email, plan: planOf(plan), expiresAtMs: expiresAt.getTime() };
  };

  /** Rows of ended sessions go once Redis has no copy of them; until then they remind `sweep`. */
  const remove = async (ids: readonly string[]): Promise<number> => {
    const gone: string[] = [];
    for (const id of ids) if (await copies.forget(keyOf(id))) gone.push(id);
    if (gone.length === 0) return 0;
    const { sql } = database;
    const done = await database.query(sql`delete from sessions where id in ${sql(gone)}`);
    return done.count;
  };

  const markEnded = async (ids: readonly string[]): Promise<void> => {
    const { sql } = database;
    await database.query(sql`
      update sessions set ended_at = current_timestamp where id in ${sql([...ids])} and ended_at is null`);
  };

  return {
    begin: async (identity, before) => {
      const token = newToken('session');
      const expiresAt = new Date(Date.now() + SESSION_S * 1_000);
      const { sql } = database;
      await database.query(sql`
        insert into sessions (id, user_id, expires_at)
        values (${digestOf(token)}, ${identity.id}, ${expiresAt.toISOString()}::text::timestamptz)`);
      if (before !== undefined) {
        await markEnded([digestOf(before)]);
        await remove([digestOf(before)]);
      }
      // Read and not just written: what has been deleted since the row was there leaves no copy behind.
      await copies.read(keyOf(digestOf(token)), () => load(digestOf(token))).catch(() => {});
      return { token, expiresAt };
    },

    find: async (token) => {
      const id = digestOf(token);
      const copy = await copies.read(keyOf(id), () => load(id));
      if (!copy || copy.expiresAtMs <= Date.now()) return undefined;
      const { expiresAtMs: _, ...identity } = copy;
      return identity;
    },

    end: async (token) => {
      await markEnded([digestOf(token)]);
      await remove([digestOf(token)]);
    },

    endOthers: async (userId, keep) => {
      const { sql } = database;
      const rows = await database.query(sql<{ id: string }[]>`
        update sessions set ended_at = current_timestamp
        where user_id = ${userId} and ended_at is null and id <> ${keep === undefined ? '' : digestOf(keep)}
        returning id`);
      await remove(rows.map(({ id }) => id));
    },

    forget: async (ids) => {
      await Promise.all(ids.map((id) => copies.forget(keyOf(id))));
    },

    sweep: async () => {
      const { sql } = database;
      const rows = await database.query(sql<{ id: string }[]>`
        select id from sessions where ended_at is not null or expires_at <= current_timestamp limit 1000`);
      return remove(rows.map(({ id }) => id));
    },
  };
}

interface Row {
  id: string;
  email: string;
  plan: string;
  expiresAt: Date;
}
