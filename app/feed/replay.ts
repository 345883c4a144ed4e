import type { Feed, Quote } from './feed.ts';
import { pastMoments } from './past.ts';
import type { Recording } from './recording.ts';

/**
 * Prices as they were recorded, `speed` times as fast, over and over: a pure function of the recording and the time. Any
 * replica, at any time and after any restart, sees the same price at the same moment, and history fits what follows. Its
 * first round began at 1970-01-01; a round lasts as long as the recording and one step more.
 */
export function createReplay({ quotes }: Recording, speed: number): Feed {
  const first = quotes[0]?.timestamp.getTime() ?? 0;
  const bySymbol = Map.groupBy(quotes, ({ symbol }) => symbol);
  const roundMs = durationOf(quotes);

  const quotesAt = (at: Date): Quote[] => {
    const into = (at.getTime() * speed) % roundMs;
    return [...bySymbol].map(([, own]) => ({
      ...((newestUntil(own, first + into) ?? own.at(-1)) as Quote),
      timestamp: at,
    }));
  };
  return {
    name: 'replay',
    quotes: async (at) => quotesAt(at),
    history: (until) => pastMoments(until).flatMap(quotesAt),
  };
}

/** Of a whole round, in milliseconds: after the last moment comes a step like the one before it, then the first again. */
function durationOf(quotes: readonly Quote[]): number {
  const moments = [...new Set(quotes.map(({ timestamp }) => timestamp.getTime()))];
  const [beforeLast = 0, last = 0] = moments.length > 1 ? moments.slice(-2) : [0, 1_000];
  return last - (moments[0] ?? 0) + (last - beforeLast) || 1_000;
}

/** The last one that is not after `at`. undefined before the first: a symbol then has the price of its last round's end. */
function newestUntil(quotes: readonly Quote[], at: number): Quote | undefined {
  let [low, high] = [0, quotes.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((quotes[middle]?.timestamp.getTime() ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return quotes[low - 1];
}
