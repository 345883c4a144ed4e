import { BrokenCircuitError, ConsecutiveBreaker, circuitBreaker, handleAll } from 'cockatiel';
import { type Feed, FeedUnavailable } from './feed.ts';

const MOST_FAILURES = 5;
const REST_MS = 60_000;

/**
 * Leaves a feed alone for a minute after five failures in a row, then tries it once: an upstream that is down is not
 * asked at every poll, and one that has just come back is not met by a crowd. Prices that are known stay.
 */
export function guarded(feed: Feed, restMs = REST_MS): Feed {
  const breaker = circuitBreaker(handleAll, {
    breaker: new ConsecutiveBreaker(MOST_FAILURES),
    halfOpenAfter: restMs,
  });
  return {
    ...feed,
    quotes: async (at, signal) => {
      try {
        return await breaker.execute(() => feed.quotes(at, signal));
      } catch (error) {
        if (!(error instanceof BrokenCircuitError)) throw error;
        throw new FeedUnavailable(
          `${feed.name} is left alone: it failed ${MOST_FAILURES} times in a row, and is tried again within ${restMs / 1_000} s`,
        );
      }
    },
  };
}
