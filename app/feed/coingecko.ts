import { z } from 'zod';
import type { Asset } from '../prices/assets.ts';
import { type Feed, FeedUnavailable, type Quote } from './feed.ts';

const TIMEOUT_MS = 5_000;
const LONGEST_REST_MS = 10 * 60_000;

const decimal = z.string().regex(/^\d+(\.\d+)?(e[+-]?\d+)?$/i);
const answerSchema = z.record(
  z.string(),
  z.object({ usd: decimal.optional(), usd_24h_vol: decimal.nullish() }).loose(),
);

/** CoinGecko's `/simple/price`: one request for all assets. Throws FeedUnavailable. */
export function createCoinGeckoFeed(options: { url: string; assets: readonly Asset[] }): Feed {
  const ids = options.assets.map((asset) => asset.coingeckoId).join(',');
  const address = `${options.url}/simple/price?ids=${encodeURIComponent(ids)}&vs_currencies=usd&include_24hr_vol=true`;
  return {
    name: 'coingecko',
    quotes: async (at, signal) => {
      const text = await request(address, signal);
      const parsed = answerSchema.safeParse(parseWithDecimals(text));
      if (!parsed.success)
        throw new FeedUnavailable('CoinGecko answered with something that is no list of prices');
      const quotes = options.assets.flatMap(({ symbol, coingeckoId }): Quote[] => {
        const found = parsed.data[coingeckoId];
        if (found?.usd === undefined) return [];
        return [{ symbol, timestamp: at, price: found.usd, volume24h: found.usd_24h_vol ?? null }];
      });
      if (quotes.length === 0) throw new FeedUnavailable('CoinGecko answered without a single price');
      return quotes;
    },
  };
}

async function request(address: string, signal: AbortSignal): Promise<string> {
  let response: Response;
  try {
    response = await fetch(address, {
      headers: { accept: 'application/json' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    if (response.ok) return await response.text();
  } catch (cause) {
    signal.throwIfAborted();
    throw new FeedUnavailable('CoinGecko did not answer', { cause });
  }
  const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'), new Date());
  await response.body?.cancel();
  throw new FeedUnavailable(
    `CoinGecko answered with the status ${response.status}`,
    retryAfterMs === undefined ? {} : { retryAfterMs },
  );
}

/** `Retry-After` in seconds or as a date, in milliseconds from `now`, at most ten minutes. */
export function parseRetryAfter(header: string | null, now: Date): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - now.getTime();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_REST_MS);
}

/** JSON whose numbers stay the decimal strings they were sent as: a price never becomes a float. */
export function parseWithDecimals(text: string): unknown {
  // The third argument is in every engine that runs this, and not yet in the compiler's library.
  const keepDecimals = (_key: string, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' ? (context?.source ?? String(value)) : value;
  try {
    return JSON.parse(text, keepDecimals);
  } catch {
    return undefined;
  }
}
