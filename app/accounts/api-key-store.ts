import { randomUUID } from 'node:crypto';
import type { Cache } from '../storage/cache.ts';
import type { Database } from '../storage/database.ts';
import { createLeasedCache } from '../storage/leased-cache.ts';
import { type Identity, identitySchema } from './identity.ts';
import { planOf } from './plan.ts';
import { lockedLimits, requireRoom } from './room.ts';
import { digestOf, newToken } from './token.ts';

/** An API key as its owner sees it: what it was is not known any more. */
export interface ApiKey {
  readonly id: string;
  readonly name: string;
  /** How the key begins. */
  readonly prefix: string;
  readonly createdAt: Date;
}

/** Keys for programs. They do not expire; revoked, they are refused at once, or after a minute where Redis was away. */
export interface ApiKeyStore {
  list(userId: string): Promise<ApiKey[]>;
  /** `key` is shown once and kept nowhere. Throws a 409 Problem when the plan has no room. */
  create(userId: string, name: string): Promise<{ apiKey: ApiKey; key: string }>;
  /** False when the user has no such key. */
  revoke(userId: string, id: string): Promise<boolean>;
  find(key: string): Promise<Identity | undefined>;
  /** To be called when the rows of keys are gone: their copies go as well, as soon as Redis answers. */
  forget(hashes: readonly string[]): Promise<void>;
}

const PREFIX_LENGTH = 12;
const TTL_MS = 300_000;
const FRESH_MS = 60_000;

export function createApiKeyStore(database: Database, cache: Cache): ApiKeyStore {
  const copies = createLeasedCache({ cache, schema: identitySchema, ttlMs: () => TTL_MS, freshMs: FRESH_MS });
  const keyOf = (hash: string) => `api-key:${hash}`;

  const load = async (hash: string): Promise<Identity | undefined> => {
    const { sql } = database;
    const [row] = await database.query(sql<{ id: string; email: string; plan: string }[]>`
      select users.id, users.email, users.plan
      from api_keys join users on users.id = api_keys.user_id where api_keys.hash = ${hash}`);
    return row && { ...row, plan: planOf(row.plan) };
  };

  return {
    list: async (userId) => {
      const { sql } = database;
      const rows = await database.query(sql<ApiKey[]>`
        select id, name, prefix, created_at as "createdAt" from api_keys
        where user_id = ${userId} order by created_at, id`);
      return [...rows];
    },

    create: (userId, name) =>
      database.transaction(async (sql) => {
        const limits = await lockedLimits(sql, userId);
        const [count] = await sql<{ keys: number }[]>`
          select count(*)::int as keys from api_keys where user_id = ${userId}`;
        requireRoom(limits, 'apiKeys', count?.keys ?? 0);
        const key = newToken('api-key');
        const [apiKey] = await sql<ApiKey[]>`
          insert into api_keys (id, user_id, name, prefix, hash)
          values (${randomUUID()}, ${userId}, ${name}, ${key.slice(0, PREFIX_LENGTH)}, ${digestOf(key)})
          returning id, name, prefix, created_at as "createdAt"`;
        if (!apiKey) throw new Error('the inserted API key was not returned');
        return { apiKey, key };
      }),

    revoke: async (userId, id) => {
      const { sql } = database;
      const [row] = await database.query(sql<{ hash: string }[]>`
        delete from api_keys where id = ${id} and user_id = ${userId} returning hash`);
      if (!row) return false;
      await copies.forget(keyOf(row.hash));
      return true;
    },

    find: (key) => {
      const hash = digestOf(key);
      return copies.read(keyOf(hash), () => load(hash));
    },

    forget: async (hashes) => {
      await Promise.all(hashes.map((hash) => copies.forget(keyOf(hash))));
    },
  };
}
