import { ask } from './api.ts';
import type { Quote, Store } from './store.ts';

export type LiveState = 'waiting' | 'live' | 'polling' | 'lost';

const POLL_MS = 5_000;
const RETRY_STREAM_MS = 30_000;

interface Listed {
  readonly prices: readonly Quote[];
}

/**
 * Keeps `quotes` up to date: by the stream of the API, and while that is not to be had by asking every five seconds.
 * `onState` hears how it goes. While the page is hidden nothing is asked.
 */
export function followPrices(quotes: Store<readonly Quote[]>, onState: (state: LiveState) => void): void {
  let stream: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const streams = () => stream?.readyState === EventSource.OPEN;
  // The stream tells what changes, and of nothing nothing changes.
  const hasList = () => quotes.value.length > 0;

  const poll = async () => {
    clearTimeout(timer);
    timer = undefined;
    try {
      quotes.set((await ask<Listed>('/prices')).prices);
      if (!streams()) onState('polling');
    } catch {
      if (!streams()) onState('lost');
    }
    pollLater();
  };
  // Not when one is due already: a stream that fails again and again must not put it off again and again.
  const pollLater = () => {
    if (!(streams() && hasList()) && !document.hidden) timer ??= setTimeout(poll, POLL_MS);
  };

  const open = () => {
    const opened = new EventSource('/api/v1/prices/stream');
    stream = opened;
    opened.onopen = () => {
      onState('live');
      // The list has the names, and what came before the stream did.
      poll();
    };
    opened.addEventListener('prices', (event) => take(event.data));
    opened.onerror = () => {
      // The browser comes back by itself, unless the answer was no stream.
      if (opened.readyState === EventSource.CLOSED) setTimeout(open, RETRY_STREAM_MS);
      pollLater();
    };
  };

  const take = (text: string) => {
    const changed = new Map(quotesIn(text).map((quote) => [quote.symbol, quote]));
    quotes.set(quotes.value.map((quote) => ({ ...quote, ...changed.get(quote.symbol) })));
  };

  poll();
  open();
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) poll();
  });
}

/** The prices of one event; none when it is something else. */
function quotesIn(text: string): Partial<Quote>[] {
  try {
    const { prices } = JSON.parse(text) as { prices?: unknown };
    return Array.isArray(prices) ? (prices as Partial<Quote>[]) : [];
  } catch {
    return [];
  }
}
