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
  /** Absent where no predictor is configured. */
  predictor?(): Promise<ServiceStatus>;
}

const DATABASE_DEADLINE_MS = 1_000;

/** However many ask at once (kubelet, gateway, people), each dependency is asked once. */
export function createProbes(options: {
  database: Database;
  cache: Cache;
  feed: () => FeedStatus;
  predictor?: { ping(): Promise<void> } | undefined;
}): Probes {
  const flight = singleFlight<ServiceStatus>();
  const { cache, feed, predictor } = options;
  return {
    database: databaseProbe(options.database),
    redis: () => flight('redis', () => status(() => cache.ping())),
    feed,
    ...(predictor ? { predictor: () => flight('predictor', () => status(() => predictor.ping())) } : {}),
  };
}

/** Whether the database answers a query, asked once however many wait. */
export function databaseProbe(database: Database): () => Promise<ServiceStatus> {
  const flight = singleFlight<ServiceStatus>();
  return () =>
    flight('database', () => status(() => database.query(database.sql`select 1`, DATABASE_DEADLINE_MS)));
}

async function status(work: () => PromiseLike<unknown>): Promise<ServiceStatus> {
  try {
    await work();
    return 'ok';
  } catch {
    return 'error';
  }
}
