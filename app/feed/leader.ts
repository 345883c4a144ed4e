import { randomUUID } from 'node:crypto';
import type { Cache } from '../storage/cache.ts';

/** Decides which of the replicas does what one is enough for. */
export interface Leadership {
  /** Takes the lead or keeps it for another `ttlMs`. */
  hold(): Promise<'leader' | 'standby' | 'unknown'>;
  release(): Promise<void>;
}

/**
 * A lock in Redis under `key` (an advisory lock of PostgreSQL belongs to a session, which a transaction pool does not give).
 * It saves work and is no promise: what two leaders do at once must come out as if one had done it. So when Redis is
 * away the answer is `unknown`, and every replica may work rather than none.
 */
export function createLeadership(cache: Cache, key: string, ttlMs: number): Leadership {
  const token = randomUUID();
  return {
    hold: async () => {
      // At the start every replica would otherwise take the time before its first connection for an outage.
      await cache.tried;
      try {
        return (await cache.hold(key, token, ttlMs)) ? 'leader' : 'standby';
      } catch {
        return 'unknown';
      }
    },
    release: async () => {
      // When Redis is away the lock ends by itself.
      await cache.release(key, token).catch(() => {});
    },
  };
}
