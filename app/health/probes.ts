import type { FeedStatus } from '../feed/poller.ts';
import { singleFlight } from '../single-flight.ts';
import type { Cache } from '../storage/cache.ts';
import type { Database } from '../storage/database.ts';

export type ServiceStatus = 'ok' | 'error';

/** How the dependencies are, each asked with a deadline. */
export interface Probes {
  database(): Promise<ServiceStatus>;
  redis(): Promise<ServiceStatus>;
  feed(): FeedStatus;
}

const DATABASE_DEADLINE_MS = 1_000;

/** However many ask at once (kubelet, gateway, people), each dependency is asked once. */
export function createProbes(options: { database: Database; cache: Cache; feed: () => FeedStatus }): Probes {
  const flight = singleFlight<ServiceStatus>();
  const status = async (work: () => PromiseLike<unknown>): Promise<ServiceStatus> => {
    try {
      await work();
      return 'ok';
    } catch {
      return 'error';
    }
  };
  const { database, cache, feed } = options;
  return {
    database: () =>
      flight('database', () => status(() => database.query(database.sql`select 1`, DATABASE_DEADLINE_MS))),
    redis: () => flight('redis', () => status(() => cache.ping())),
    feed,
  };
}
