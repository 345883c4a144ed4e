import type { ConnectionUrl } from '../../connection-url.ts';
import type { Cache } from '../../storage/cache.ts';
import { subscribe } from '../../storage/subscription.ts';
import type { Hub } from './hub.ts';
import { type Moment, parseMoment } from './moment.ts';

const CHANNEL = 'prices';
const TTL_MS = 60_000;

export interface Broadcast {
  /** Tells all replicas, this one at once; and keeps the prices in Redis for those who ask for one. Waits for nothing. */
  publish(moment: Moment): void;
  end(): Promise<void>;
}

/**
 * Brings moments from the replica that polls to the hubs of all: one subscription each. Without Redis every replica polls,
 * and publishes to its own hub.
 */
export function createBroadcast(url: ConnectionUrl, cache: Cache, hub: Hub): Broadcast {
  const subscription = subscribe(url, CHANNEL, (message) => {
    const moment = parseMoment(message);
    if (moment) hub.publish(moment);
  });
  return {
    publish: (moment) => {
      hub.publish(moment);
      for (const price of moment.prices)
        cache.set(`price:${price.symbol}`, JSON.stringify(price), TTL_MS).catch(() => {});
      cache.publish(CHANNEL, JSON.stringify(moment)).catch(() => {});
    },
    end: () => subscription.end(),
  };
}
