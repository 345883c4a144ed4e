import type { Cache } from '../../storage/cache.ts';
import { type Allowance, WINDOW_S, WindowCounter } from './window-counter.ts';

export interface Limiter {
  /** Counts one request of `client` against `quota` requests a minute. Waits for nothing. */
  take(client: string, quota: number): Allowance;
  stop(): void;
}

const EXCHANGE_MS = 500;
const CLIENTS_AN_EXCHANGE = 1_000;

/**
 * Limits over all replicas without a request that waits: each replica counts by itself, and twice a second they add up
 * their counts in Redis. A client can exceed its limit by what it sends to several replicas within half a second.
 * Without Redis each replica limits by its own count alone: no request is refused or late because Redis is away.
 */
export function createLimiter(cache: Cache): Limiter {
  const counter = new WindowCounter();

  const exchange = async () => {
    const { window, increments } = counter.drain(Date.now());
    for (let first = 0; first < increments.length; first += CLIENTS_AN_EXCHANGE) {
      const some = increments.slice(first, first + CLIENTS_AN_EXCHANGE);
      const totals = await cache.add(
        some.map(([client, count]) => [`requests:${client}:${window}`, count]),
        2 * WINDOW_S * 1_000,
      );
      for (const [index, total] of totals.entries()) counter.learn(window, some[index]?.[0] ?? '', total);
    }
  };
  let exchanging = false;
  const timer = setInterval(() => {
    if (exchanging) return;
    exchanging = true;
    // What could not be added up is missing in the sum, and the minute goes on.
    exchange()
      .catch(() => {})
      .finally(() => {
        exchanging = false;
      });
  }, EXCHANGE_MS);
  timer.unref();
  return {
    take: (client, quota) => counter.take(client, quota, Date.now()),
    stop: () => clearInterval(timer),
  };
}
