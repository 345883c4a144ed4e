import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Cache } from './cache.ts';

/** Copies of what the database has, in Redis. Without Redis every read goes to the database. */
export interface LeasedCache<T> {
  /**
   * The copy, or what `load` finds, of which a copy is kept unless it is undefined. Throws what `load` throws, unless
   * there is an older copy to answer with.
   */
  read(key: string, load: () => Promise<T | undefined>): Promise<T | undefined>;
  /**
   * To be called after each committed write. False when Redis does not answer now: this process asks the database
   * until it could tell Redis, and another one may use the old copy until then.
   */
  forget(key: string): Promise<boolean>;
}

export interface LeasedCacheOptions<T> {
  readonly cache: Cache;
  /** What is cached; what another release wrote and this one does not understand counts as not there. */
  readonly schema: z.ZodType<T>;
  /** How long a copy is kept at most, in milliseconds. */
  readonly ttlMs: (value: T) => number;
  /** A copy older than this is compared with the database; it is still good when that does not answer. */
  readonly freshMs?: number;
  /** How soon a `forget` that failed is tried again. */
  readonly retryMs?: number;
}

const LEASE = 'lease:';
const LEASE_MS = 10_000;
const MOST_PENDING = 10_000;

// A miss leaves a lease behind; the copy is kept only if that lease is still there. A write removes either: what was
// loaded before it can then not be kept after it, on whichever replica it was loaded.
const LOOK = `
  local found = redis.call('GET', KEYS[1])
  if found and string.sub(found, 1, ${LEASE.length}) ~= '${LEASE}' then return found end
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return false`;
const REPLACE = `
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 1`;

/** No copy is older than the newest write whose `forget` came through, nor than its time to live. */
export function createLeasedCache<T>(options: LeasedCacheOptions<T>): LeasedCache<T> {
  const { cache, ttlMs, freshMs = Number.POSITIVE_INFINITY, retryMs = 1_000 } = options;
  const copySchema = z.object({ at: z.number(), value: options.schema });
  const pending = new Set<string>();

  const textOf = (value: T) => JSON.stringify({ at: Date.now(), value });
  const parse = (text: unknown) => {
    if (typeof text !== 'string') return undefined;
    try {
      return copySchema.safeParse(JSON.parse(text)).data;
    } catch {
      return undefined;
    }
  };

  const look = async (key: string, lease: string): Promise<unknown> => {
    if (pending.has(key)) return undefined;
    try {
      // Most often there is a copy, and reading is a fraction of the work that a script is, here and in Redis.
      const found = await cache.get(key);
      if (found !== null && !found.startsWith(LEASE)) return found;
      return await cache.run(LOOK, [key], [lease, String(LEASE_MS)]);
    } catch {
      return undefined;
    }
  };

  /** Nobody waits for this: an answer is not slower because the cache is. */
  const replace = (key: string, expected: string, found: T | undefined) => {
    if (found === undefined) return;
    const ttl = ttlMs(found);
    if (ttl <= 0) return;
    cache.run(REPLACE, [key], [expected, textOf(found), String(Math.ceil(ttl))]).catch(() => {});
  };

  const remove = async (key: string): Promise<boolean> => {
    try {
      await cache.delete(key);
      return true;
    } catch {
      return false;
    }
  };

  const tryAgain = (key: string) => {
    // A process that cannot remember more lets the copy's time to live do it.
    if (pending.size >= MOST_PENDING) return;
    pending.add(key);
    setTimeout(async () => {
      if (await remove(key)) pending.delete(key);
      else tryAgain(key);
    }, retryMs).unref();
  };

  return {
    read: async (key, load) => {
      const lease = `${LEASE}${randomUUID()}`;
      const text = await look(key, lease);
      const copy = parse(text);
      if (copy && Date.now() - copy.at < freshMs) return copy.value;
      try {
        const found = await load();
        if (copy && found === undefined) await remove(key);
        replace(key, typeof text === 'string' ? text : lease, found);
        return found;
      } catch (error) {
        if (copy) return copy.value;
        throw error;
      }
    },
    forget: async (key) => {
      const done = await remove(key);
      if (!done) tryAgain(key);
      return done;
    },
  };
}
