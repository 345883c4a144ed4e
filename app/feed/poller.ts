import type { PriceStore } from '../prices/price-store.ts';
import { type Moment, momentOf } from '../prices/stream/moment.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { traced } from '../telemetry/trace.ts';
import { type Feed, FeedUnavailable } from './feed.ts';
import type { Leadership } from './leader.ts';
import { rest } from './rest.ts';

/** What /health/detailed says of the feed. A replica on standby is fine: another one polls. */
export interface FeedStatus {
  readonly name: Feed['name'];
  readonly status: 'ok' | 'error';
  readonly role: 'polling' | 'standby';
  readonly lastSuccess: string | null;
  readonly lastError: string | null;
}

export interface Poller {
  status(): FeedStatus;
  /** Stops at once, also in the middle of a request, and lets another replica take over. */
  stop(): Promise<void>;
}

const DAY_MS = 86_400_000;

/**
 * Asks the feed every `intervalMs` and writes what it says, as long as this replica has the lead. Moments are
 * multiples of the interval, so that two pollers at once write the same rows once. Old prices stay when the feed fails.
 */
export function startPoller(options: {
  feed: Feed;
  store: PriceStore;
  /** Hears of each moment once it is written. */
  publish: (moment: Moment) => void;
  leadership: Leadership;
  metrics: Metrics;
  logger: Logger;
  intervalMs: number;
}): Poller {
  const { feed, store, publish, leadership, metrics, logger, intervalMs } = options;
  const stopped = new AbortController();
  let role: FeedStatus['role'] = 'standby';
  let lastSuccess: Date | null = null;
  let lastError: string | null = null;
  let preparedUntil = 0;

  const prepare = async (now: Date) => {
    if (now.getTime() + 7 * DAY_MS < preparedUntil) return;
    if (feed.history && (await store.isEmpty())) {
      await store.prepareFor(new Date(now.getTime() - 31 * DAY_MS), now);
      const rows = await store.insert(feed.history(now));
      logger.info('filled an empty price_history with the past that the feed knows', {
        feed: feed.name,
        rows,
      });
    }
    const until = now.getTime() + 31 * DAY_MS;
    await store.prepareFor(now, new Date(until));
    preparedUntil = until;
  };

  const poll = async () => {
    const lead = await leadership.hold();
    role = lead === 'standby' ? 'standby' : 'polling';
    metrics.feedLeader.set(role === 'polling' ? 1 : 0);
    if (role === 'standby') return;
    const now = new Date();
    await prepare(now);
    const at = new Date(Math.floor(now.getTime() / intervalMs) * intervalMs);
    const quotes = await traced('feed quotes', 'client', { 'feed.name': feed.name }, () =>
      feed.quotes(at, stopped.signal),
    );
    const written = await store.insert(quotes);
    const moment = momentOf(quotes);
    if (moment) publish(moment);
    metrics.feedQuotes.inc({ feed: feed.name }, written);
    if (lastError !== null) logger.info('the feed answers again', { feed: feed.name });
    lastSuccess = now;
    lastError = null;
  };

  /** Returns how long to rest, in milliseconds. */
  const pollOnce = async (): Promise<number> => {
    const untilNextMoment = () => intervalMs - (Date.now() % intervalMs);
    try {
      await traced('feed poll', 'internal', { 'feed.name': feed.name }, poll);
      return untilNextMoment();
    } catch (error) {
      if (stopped.signal.aborted) return 0;
      metrics.feedErrors.inc({ feed: feed.name });
      const message = error instanceof Error ? error.message : String(error);
      if (lastError !== message)
        logger.warn('the feed gave no prices', { feed: feed.name, ...errorFields(error) });
      lastError = message;
      const rest = error instanceof FeedUnavailable ? (error.retryAfterMs ?? 0) : 0;
      return Math.max(rest, untilNextMoment());
    }
  };

  const loop = async () => {
    while (!stopped.signal.aborted) await rest(await pollOnce(), stopped.signal);
  };
  const running = loop();

  return {
    status: () => ({
      name: feed.name,
      status: lastError === null ? 'ok' : 'error',
      role,
      lastSuccess: lastSuccess?.toISOString() ?? null,
      lastError,
    }),
    stop: async () => {
      stopped.abort();
      await running;
      if (role === 'polling') await leadership.release();
    },
  };
}
