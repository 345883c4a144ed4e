import { z } from 'zod';
import { type Endpoint, endpoint, reply } from '../http/endpoint.ts';
import { Problem } from '../http/problem.ts';
import { decimal, timestamp } from '../http/schemas.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { assetOf, symbolParameters } from './asset-of.ts';
import { assets, findAssets } from './assets.ts';
import { historyPage, historyParameters } from './history-query.ts';
import { intervals } from './interval.ts';
import type { PriceLookup } from './price-lookup.ts';
import type { PriceStore } from './price-store.ts';
import { symbolsOf, symbolsParameter } from './symbols.ts';

const priceAnswer = z
  .object({
    symbol: z.string(),
    price: decimal,
    volume24h: decimal.nullable(),
    timestamp,
    stale: z.boolean().describe('The database does not answer, and this is the last price that is known'),
  })
  .meta({ id: 'Price' });

const listedPrice = z
  .object({
    symbol: z.string(),
    name: z.string(),
    price: decimal.nullable().describe('null where none has been recorded yet'),
    volume24h: decimal.nullable(),
    timestamp: timestamp.nullable(),
    url: z.string(),
  })
  .meta({ id: 'ListedPrice' });

const candle = z
  .object({
    timestamp: timestamp.describe('When the interval begins'),
    open: decimal,
    high: decimal,
    low: decimal,
    close: decimal,
    volume24h: decimal.nullable().describe('Traded in the 24 hours before the last price of the interval'),
  })
  .meta({ id: 'Candle' });

const history = z
  .object({
    symbol: z.string(),
    interval: z.enum(intervals),
    from: timestamp,
    to: timestamp,
    candles: z.array(candle).describe('Oldest first; an interval without a price has no candle'),
    nextCursor: z
      .string()
      .nullable()
      .describe('For the older page; null when this one reaches back to `from`'),
  })
  .meta({ id: 'History' });

/** Prices: the list, one of them, and what was. Symbols are case-insensitive. */
export function priceEndpoints(options: {
  store: PriceStore;
  lookup: PriceLookup;
  metrics: Metrics;
  apiBaseUrl: string;
}): Endpoint[] {
  const { store, lookup, metrics, apiBaseUrl } = options;

  const list = endpoint({
    method: 'get',
    path: '/prices',
    operationId: 'listPrices',
    summary: 'The newest price of every asset, or of those that are named',
    tag: 'Prices',
    access: 'public',
    cacheControl: 'public, max-age=5',
    hot: true,
    query: z.strictObject({ symbols: symbolsParameter.optional() }),
    answers: { 200: { description: 'The prices', schema: z.object({ prices: z.array(listedPrice) }) } },
    problems: [404, 503],
    handle: async ({ query }) => {
      const wanted = query.symbols === undefined ? undefined : new Set(symbolsOf(query.symbols));
      const listed = assets.filter(({ symbol }) => wanted?.has(symbol) ?? true);
      const newest = await store.newestOfAll(listed.map((asset) => asset.symbol));
      const bySymbol = new Map(newest.map((price) => [price.symbol, price]));
      const prices = listed.map(({ symbol, name }) => ({
        symbol,
        name,
        price: bySymbol.get(symbol)?.price ?? null,
        volume24h: bySymbol.get(symbol)?.volume24h ?? null,
        timestamp: bySymbol.get(symbol)?.timestamp ?? null,
        url: `${apiBaseUrl}/api/prices/${symbol}`,
      }));
      return reply(200, { prices });
    },
  });

  const one = endpoint({
    method: 'get',
    path: '/prices/:symbol',
    operationId: 'getPrice',
    summary: 'The newest price of an asset',
    tag: 'Prices',
    access: 'public',
    cacheControl: 'public, max-age=5',
    hot: true,
    params: symbolParameters,
    answers: { 200: { description: 'The price', schema: priceAnswer } },
    problems: [404, 503],
    handle: async ({ params }) => {
      const { symbol } = assetOf(params.symbol);
      const found = await lookup(symbol);
      if (!found) {
        const detail = `No price of ${symbol} has been recorded yet.`;
        throw new Problem({ status: 404, kind: 'no-price-yet', detail });
      }
      metrics.priceLookups.inc({ source: found.source });
      const stale = found.source === 'stale';
      return reply(200, { ...found.price, stale }, stale ? { 'Cache-Control': 'no-store' } : {});
    },
  });

  const candles = endpoint({
    method: 'get',
    path: '/prices/:symbol/history',
    operationId: 'getPriceHistory',
    summary: 'Candles of an asset',
    description:
      'The newest `limit` intervals between `from` and `to`; without `from` those before `to`, without `to` those until now. ' +
      'The range is widened to whole intervals. Older ones of a longer range are on the next pages.',
    tag: 'Prices',
    access: 'public',
    cacheControl: 'public, max-age=5',
    params: symbolParameters,
    query: historyParameters,
    answers: { 200: { description: 'The candles', schema: history } },
    problems: [404, 503],
    handle: async ({ params, query }) => {
      const { symbol } = assetOf(params.symbol);
      const { query: asked, nextCursor } = historyPage(symbol, query, new Date());
      const { interval, from, to } = asked;
      const found = await store.candles(asked);
      const range = { from: from.toISOString(), to: to.toISOString() };
      return reply(200, { symbol, interval, ...range, candles: found, nextCursor });
    },
  });

  const search = endpoint({
    method: 'get',
    path: '/symbols',
    operationId: 'searchSymbols',
    summary: 'Assets whose symbol or name has a text in it',
    tag: 'Prices',
    access: 'public',
    cacheControl: 'public, max-age=3600',
    query: z.strictObject({
      q: z
        .string({ error: 'must be given once' })
        .max(50, { error: 'must have at most 50 characters' })
        .default(''),
    }),
    answers: {
      200: {
        description: 'The assets, those whose symbol begins so first',
        schema: z.object({ symbols: z.array(z.object({ symbol: z.string(), name: z.string() })) }),
      },
    },
    handle: ({ query }) =>
      reply(200, { symbols: findAssets(query.q).map(({ symbol, name }) => ({ symbol, name })) }),
  });

  return [list, one, candles, search];
}
