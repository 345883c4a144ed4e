import { singleFlight } from '../single-flight.ts';
import type { Cache } from '../storage/cache.ts';
import { type Price, type PriceStore, priceSchema } from './price-store.ts';

/** Where an answer came from. `stale` means that the database failed and this is the last price known here. */
export type PriceSource = 'cache' | 'database' | 'stale';

export interface FoundPrice {
  readonly price: Price;
  readonly source: PriceSource;
}

/** The newest price of a symbol; undefined when there is none. Throws when nobody can say. */
export type PriceLookup = (symbol: string) => Promise<FoundPrice | undefined>;

const TTL_MS = 60_000;

/**
 * Redis first (`price:{symbol}`, 60 s), then the database, asked once however many wait for the same symbol. Redis
 * gone costs speed only. When the database fails too, the last price that this process has seen is served.
 * `symbols` must come from a closed set: one price each is kept in memory.
 */
export function createPriceLookup(store: PriceStore, cache: Cache): PriceLookup {
  const flight = singleFlight<FoundPrice | undefined>();
  const lastKnown = new Map<string, Price>();

  const look = async (symbol: string): Promise<FoundPrice | undefined> => {
    const key = `price:${symbol}`;
    const cached = await cache.get(key).then(parse, () => undefined);
    if (cached) {
      lastKnown.set(symbol, cached);
      return { price: cached, source: 'cache' };
    }
    try {
      const price = await store.newest(symbol);
      if (!price) return undefined;
      lastKnown.set(symbol, price);
      // Nobody waits for this: an answer is not slower because the cache is.
      cache.set(key, JSON.stringify(price), TTL_MS).catch(() => {});
      return { price, source: 'database' };
    } catch (error) {
      const price = lastKnown.get(symbol);
      if (!price) throw error;
      return { price, source: 'stale' };
    }
  };
  return (symbol) => flight(symbol, () => look(symbol));
}

/** Another version of the application may have written something else; that counts as not cached. */
function parse(text: string | null): Price | undefined {
  if (text === null) return undefined;
  try {
    return priceSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
