import { z } from 'zod';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { decimal, timestamp } from '../http/schemas.ts';
import type { CurrentPrices } from '../portfolios/routes.ts';
import { assetOf } from '../prices/asset-of.ts';
import { findAsset } from '../prices/assets.ts';
import type { WatchlistStore } from './watchlist-store.ts';

const tag = 'Watchlist';

const watched = z
  .object({
    symbol: z.string(),
    name: z.string(),
    price: decimal.nullable().describe('null while no price is known'),
    timestamp: timestamp.nullable(),
  })
  .meta({ id: 'Watched' });

/** `/watchlist`: the assets that a user follows, with their prices. */
export function watchlistEndpoints(services: {
  store: WatchlistStore;
  currentPrices: CurrentPrices;
}): Endpoint[] {
  const { store, currentPrices } = services;
  const params = z.strictObject({ symbol: z.string() });
  return [
    endpoint({
      method: 'get',
      path: '/watchlist',
      operationId: 'listWatchlist',
      summary: 'The assets that you watch',
      tag,
      answers: {
        200: { description: 'In the order of adding', schema: z.object({ watchlist: z.array(watched) }) },
      },
      access: 'user',
      handle: async ({ user }) => {
        const symbols = await store.list(user.id);
        const prices = symbols.length === 0 ? new Map() : await currentPrices(symbols);
        const watchlist = symbols.map((symbol) => ({
          symbol,
          name: findAsset(symbol)?.name ?? symbol,
          price: prices.get(symbol)?.price ?? null,
          timestamp: prices.get(symbol)?.timestamp ?? null,
        }));
        return { status: 200 as const, body: { watchlist } };
      },
    }),
    endpoint({
      method: 'put',
      path: '/watchlist/:symbol',
      operationId: 'watch',
      summary: 'Watch an asset',
      tag,
      params,
      answers: { 204: { description: 'It is in the watchlist' } },
      problems: [404],
      access: 'user',
      idempotent: true,
      handle: async ({ user, params: { symbol }, sql }) => {
        await store.add(sql, user.id, assetOf(symbol).symbol);
        return { status: 204 as const };
      },
    }),
    endpoint({
      method: 'delete',
      path: '/watchlist/:symbol',
      operationId: 'unwatch',
      summary: 'Watch an asset no longer',
      tag,
      params,
      answers: { 204: { description: 'It is not in the watchlist' } },
      problems: [404],
      access: 'user',
      idempotent: true,
      handle: async ({ user, params: { symbol }, sql }) => {
        await store.remove(sql, user.id, assetOf(symbol).symbol);
        return { status: 204 as const };
      },
    }),
  ];
}
