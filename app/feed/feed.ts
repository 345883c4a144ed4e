/** What one asset was worth at one moment, in US dollars, as decimal strings. */
export interface Quote {
  readonly symbol: string;
  readonly timestamp: Date;
  readonly price: string;
  /** Traded in the 24 hours before; null when the feed does not say. */
  readonly volume24h: string | null;
}

/** A source of prices. */
export interface Feed {
  /** Shown in /health/detailed: nobody should take simulated prices for real ones. */
  readonly name: 'coingecko' | 'simulator' | 'replay';
  /**
   * The quotes for the moment `at`. The same moment gives the same keys, so that writing it twice changes nothing.
   * Throws FeedUnavailable, or what `signal` was aborted with.
   */
  quotes(at: Date, signal: AbortSignal): Promise<Quote[]>;
  /** Quotes of the last month for an empty database, some ten thousand; absent when the feed has none. */
  history?(until: Date): Quote[];
}

/** The feed gave no quotes. `retryAfterMs` is how long its owner asks to be left alone. */
export class FeedUnavailable extends Error {
  override name = 'FeedUnavailable';
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
  }
}
