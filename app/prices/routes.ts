import type { Router } from '@koa/router';
import { checkParameters } from '../http/parameters.ts';
import { Problem } from '../http/problem.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { assetOf } from './asset-of.ts';
import { assets } from './assets.ts';
import { historyParameters, historyQuery } from './history-query.ts';
import type { PriceLookup } from './price-lookup.ts';
import type { PriceStore } from './price-store.ts';

/** `/api/prices`, `/api/prices/:symbol` and `/api/prices/:symbol/history`. Symbols are case-insensitive. */
export function priceRoutes(
  router: Router,
  options: { store: PriceStore; lookup: PriceLookup; metrics: Metrics; apiBaseUrl: string },
): void {
  const { store, lookup, metrics, apiBaseUrl } = options;

  router.get('/api/prices', async (ctx) => {
    const symbols = assets.map((asset) => asset.symbol);
    const newest = await orUnavailable(() => store.newestOfAll(symbols));
    const bySymbol = new Map(newest.map((price) => [price.symbol, price]));
    ctx.set('Cache-Control', 'public, max-age=5');
    ctx.body = {
      prices: assets.map(({ symbol, name }) => ({
        symbol,
        name,
        price: bySymbol.get(symbol)?.price ?? null,
        volume24h: bySymbol.get(symbol)?.volume24h ?? null,
        timestamp: bySymbol.get(symbol)?.timestamp ?? null,
        url: `${apiBaseUrl}/api/prices/${symbol}`,
      })),
    };
  });

  router.get('/api/prices/:symbol', async (ctx) => {
    const { symbol } = assetOf(ctx.params.symbol);
    const found = await orUnavailable(() => lookup(symbol));
    if (!found) {
      throw new Problem({
        status: 404,
        kind: 'no-price-yet',
        detail: `No price of ${symbol} has been recorded yet.`,
      });
    }
    metrics.priceLookups.inc({ source: found.source });
    ctx.set('Cache-Control', found.source === 'stale' ? 'no-store' : 'public, max-age=5');
    ctx.body = { ...found.price, stale: found.source === 'stale' };
  });

  router.get('/api/prices/:symbol/history', async (ctx) => {
    const { symbol } = assetOf(ctx.params.symbol);
    const parameters = checkParameters(historyParameters, { ...ctx.query });
    const query = historyQuery(symbol, parameters, new Date());
    if (!query) {
      const detail = 'must be before "to" (which is now when it is not given)';
      const errors = [{ parameter: 'from', detail }];
      throw new Problem({
        status: 400,
        kind: 'wrong-parameter',
        detail: `The parameter "from" ${detail}.`,
        errors,
      });
    }
    const candles = await orUnavailable(() => store.candles(query));
    ctx.set('Cache-Control', 'public, max-age=5');
    ctx.body = {
      symbol,
      interval: query.interval,
      from: query.from.toISOString(),
      to: query.to.toISOString(),
      candles,
    };
  });
}

/** A dependency that is away is not the client's mistake and not a bug: 503, and when to try again. */
async function orUnavailable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const detail = 'Prices cannot be read at the moment; please try again in a few seconds.';
    throw new Problem({ status: 503, kind: 'unavailable', detail, retryAfterS: 2, cause });
  }
}
