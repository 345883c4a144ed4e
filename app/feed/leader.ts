import { randomUUID } from 'node:crypto';
import type { Cache } from '../storage/cache.ts';

/** Decides which of the replicas polls the feed. */
export interface Leadership {
  /** Takes the lead or keeps it for another `ttlMs`. */
  hold(): Promise<'leader' | 'standby' | 'unknown'>;
  release(): Promise<void>;
}

const KEY = 'feed:leader';

/**
 * A lock in Redis (an advisory lock of PostgreSQL belongs to a session, which a transaction pool does not give). It
 * saves requests to the feed and is no promise: two pollers at once write the same rows. So when Redis is away
 * the answer is `unknown`, and every replica may poll rather than none.
 */
export function createLeadership(cache: Cache, ttlMs: number): Leadership {
  const token = randomUUID();
  return {
    hold: async () => {
      // At the start every replica would otherwise take the time before its first connection for an outage.
      await cache.tried;
      try {
        return (await cache.hold(KEY, token, ttlMs)) ? 'leader' : 'standby';
      } catch {
        return 'unknown';
      }
    },
    release: async () => {
      // When Redis is away the lock ends by itself.
      await cache.release(KEY, token).catch(() => {});
    },
  };
}
