import { z } from 'zod';
import type { Cache } from '../storage/cache.ts';
import { createLeasedCache } from '../storage/leased-cache.ts';
import { type Portfolio, portfolioSchema } from './portfolio.ts';
import type { PortfolioStore } from './portfolio-store.ts';

const TTL_MS = 300_000;

/** A user's portfolios, from Redis (`portfolio:{userId}`, 300 s) or the database. */
export interface PortfolioLookup {
  all(userId: string): Promise<Portfolio[]>;
  /** To be called when a write has been committed: every replica then reads what was written. */
  changed(userId: string): Promise<void>;
}

/** Redis holds portfolios and no worth of them: prices change every few seconds and come from their own place. */
export function createPortfolioLookup(store: PortfolioStore, cache: Cache): PortfolioLookup {
  const copies = createLeasedCache({ cache, schema: z.array(portfolioSchema), ttlMs: () => TTL_MS });
  const keyOf = (userId: string) => `portfolio:${userId}`;
  return {
    all: async (userId) => {
      // Of nothing there is no copy: it may be that of a user who is gone.
      const load = async () => {
        const found = await store.list(userId);
        return found.length === 0 ? undefined : found;
      };
      return (await copies.read(keyOf(userId), load)) ?? [];
    },
    changed: async (userId) => {
      await copies.forget(keyOf(userId));
    },
  };
}
