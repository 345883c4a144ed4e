import { z } from 'zod';
import { idSchema, nameSchema } from '../http/body-text.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { decimal, timestamp } from '../http/schemas.ts';
import { assetOf } from '../prices/asset-of.ts';
import { findAsset } from '../prices/assets.ts';
import { amountSchema, positiveAmountSchema, signedAmountSchema } from './decimal.ts';
import { performanceOf } from './performance.ts';
import { type PerformanceStore, type Range, ranges } from './performance-store.ts';
import { holdingSchema, type Portfolio, portfolioSchema } from './portfolio.ts';
import type { PortfolioLookup } from './portfolio-lookup.ts';
import { noSuchPortfolio, type PortfolioStore } from './portfolio-store.ts';
import { type CurrentPrice, valuationOf } from './valuation.ts';

const tag = 'Portfolios';
const MOST_HOLDINGS = 50;

const symbol = z
  .string({ error: 'must be a text, such as "BTC"' })
  .toUpperCase()
  .refine((text) => findAsset(text) !== undefined, { error: 'must be the symbol of a known asset' });

const amounts = {
  quantity: positiveAmountSchema,
  unitCost: amountSchema.nullable().default(null).describe('US dollars paid a unit, on average'),
};

const holdings = z
  .array(z.strictObject({ symbol, ...amounts }))
  .max(MOST_HOLDINGS, { error: `must have at most ${MOST_HOLDINGS} entries` })
  .refine((list) => new Set(list.map((holding) => holding.symbol)).size === list.length, {
    error: 'must have each symbol once',
  });

const valuedHolding = holdingSchema.extend({
  price: decimal.nullable().describe('null while no price is known'),
  value: decimal.nullable(),
  gain: signedAmountSchema.nullable().describe('Over what was paid; null when that is not known'),
});

const valuation = z
  .object({
    value: decimal.describe('Of the holdings that have a price, exact'),
    cost: decimal.describe('Of the holdings that say what they cost and have a price'),
    gain: signedAmountSchema,
    gainPercent: signedAmountSchema.nullable(),
    complete: z.boolean().describe('False when a holding has no price'),
    asOf: timestamp.nullable().describe('Of the oldest price in it'),
  })
  .meta({ id: 'Valuation' });

const valuedPortfolio = portfolioSchema
  .extend({ holdings: z.array(valuedHolding), valuation })
  .meta({ id: 'Portfolio' });

const point = z.object({ timestamp, value: decimal.nullable() });
const performance = z
  .object({
    range: z.string(),
    basis: z.string(),
    points: z.array(point),
    change: signedAmountSchema.nullable(),
    returnPercent: signedAmountSchema
      .nullable()
      .describe('Time-weighted: what was bought and sold is not in it'),
  })
  .meta({ id: 'Performance' });

const name = nameSchema;
const id = idSchema;
const rangeNames = Object.keys(ranges) as [Range, ...Range[]];

/** The newest prices that are known, by symbol. A symbol without a price is absent. */
export type CurrentPrices = (symbols: readonly string[]) => Promise<ReadonlyMap<string, CurrentPrice>>;

/** `/portfolios/...`: a user's portfolios, what they hold, what that is worth now and what it was worth. */
export function portfolioEndpoints(services: {
  store: PortfolioStore;
  lookup: PortfolioLookup;
  performances: PerformanceStore;
  currentPrices: CurrentPrices;
}): Endpoint[] {
  const { store, lookup, performances, currentPrices } = services;

  const valued = async (portfolios: readonly Portfolio[]) => {
    const symbols = new Set(portfolios.flatMap((portfolio) => portfolio.holdings.map((held) => held.symbol)));
    const prices = symbols.size === 0 ? new Map() : await currentPrices([...symbols]);
    return portfolios.map((portfolio) => ({ ...portfolio, ...valuationOf(portfolio.holdings, prices) }));
  };
  const shown = async (portfolio: Portfolio) => {
    const [one] = await valued([portfolio]);
    if (!one) throw noSuchPortfolio();
    return one;
  };
  const owned = async (userId: string, wanted: string): Promise<Portfolio> => {
    const found = (await lookup.all(userId)).find((portfolio) => portfolio.id === wanted);
    if (!found) throw noSuchPortfolio();
    return found;
  };
  const afterCommit = (userId: string) => () => lookup.changed(userId);

  return [
    endpoint({
      method: 'get',
      path: '/portfolios',
      operationId: 'listPortfolios',
      summary: 'Your portfolios and what they are worth',
      tag,
      answers: {
        200: { description: 'Oldest first', schema: z.object({ portfolios: z.array(valuedPortfolio) }) },
      },
      access: 'user',
      handle: async ({ user }) => ({
        status: 200 as const,
        body: { portfolios: await valued(await lookup.all(user.id)) },
      }),
    }),
    endpoint({
      method: 'post',
      path: '/portfolios',
      operationId: 'createPortfolio',
      summary: 'Make a portfolio',
      tag,
      body: z.strictObject({ name, holdings: holdings.default([]) }),
      answers: { 201: { description: 'The portfolio', schema: valuedPortfolio } },
      access: 'user',
      idempotent: true,
      handle: async ({ user, body, sql }) => {
        const made = await store.create(sql, user.id, body);
        const headers = { Location: `/api/v1/portfolios/${made.id}` };
        return { status: 201 as const, headers, body: await shown(made), afterCommit: afterCommit(user.id) };
      },
    }),
    endpoint({
      method: 'get',
      path: '/portfolios/:id',
      operationId: 'getPortfolio',
      summary: 'A portfolio and what it is worth',
      tag,
      params: z.strictObject({ id }),
      answers: { 200: { description: 'The portfolio', schema: valuedPortfolio } },
      problems: [404],
      access: 'user',
      handle: async ({ user, params }) => ({
        status: 200 as const,
        body: await shown(await owned(user.id, params.id)),
      }),
    }),
    endpoint({
      method: 'patch',
      path: '/portfolios/:id',
      operationId: 'renamePortfolio',
      summary: 'Rename a portfolio',
      tag,
      params: z.strictObject({ id }),
      body: z.strictObject({ name }),
      answers: { 200: { description: 'The portfolio', schema: valuedPortfolio } },
      problems: [404],
      access: 'user',
      idempotent: true,
      handle: async ({ user, params, body, sql }) => ({
        status: 200 as const,
        body: await shown(await store.rename(sql, user.id, params.id, body.name)),
        afterCommit: afterCommit(user.id),
      }),
    }),
    endpoint({
      method: 'delete',
      path: '/portfolios/:id',
      operationId: 'deletePortfolio',
      summary: 'Delete a portfolio and its history',
      tag,
      params: z.strictObject({ id }),
      answers: { 204: { description: 'It is gone' } },
      problems: [404],
      access: 'user',
      idempotent: true,
      handle: async ({ user, params, sql }) => {
        await store.remove(sql, user.id, params.id);
        return { status: 204 as const, afterCommit: afterCommit(user.id) };
      },
    }),
    endpoint({
      method: 'put',
      path: '/portfolios/:id/holdings',
      operationId: 'replaceHoldings',
      summary: 'Make these the holdings, and no others',
      tag,
      params: z.strictObject({ id }),
      body: z.strictObject({ holdings }),
      answers: { 200: { description: 'The portfolio', schema: valuedPortfolio } },
      problems: [404],
      access: 'user',
      idempotent: true,
      handle: async ({ user, params, body, sql }) => ({
        status: 200 as const,
        body: await shown(await store.replaceHoldings(sql, user.id, params.id, body.holdings)),
        afterCommit: afterCommit(user.id),
      }),
    }),
    endpoint({
      method: 'put',
      path: '/portfolios/:id/holdings/:symbol',
      operationId: 'setHolding',
      summary: 'Set how much is held of an asset',
      tag,
      params: z.strictObject({ id, symbol: z.string() }),
      body: z.strictObject(amounts),
      answers: { 200: { description: 'The portfolio', schema: valuedPortfolio } },
      problems: [404],
      access: 'user',
      idempotent: true,
      handle: async ({ user, params, body, sql }) => {
        const holding = { symbol: assetOf(params.symbol).symbol, ...body };
        const changed = await store.setHolding(sql, user.id, params.id, holding);
        return { status: 200 as const, body: await shown(changed), afterCommit: afterCommit(user.id) };
      },
    }),
    endpoint({
      method: 'delete',
      path: '/portfolios/:id/holdings/:symbol',
      operationId: 'removeHolding',
      summary: 'Remove an asset from a portfolio',
      tag,
      params: z.strictObject({ id, symbol: z.string() }),
      answers: { 200: { description: 'The portfolio', schema: valuedPortfolio } },
      problems: [404],
      access: 'user',
      idempotent: true,
      handle: async ({ user, params, sql }) => {
        const { symbol: removed } = assetOf(params.symbol);
        const changed = await store.removeHolding(sql, user.id, params.id, removed);
        return { status: 200 as const, body: await shown(changed), afterCommit: afterCommit(user.id) };
      },
    }),
    endpoint({
      method: 'get',
      path: '/portfolios/:id/performance',
      operationId: 'getPerformance',
      summary: 'What a portfolio was worth',
      tag,
      params: z.strictObject({ id }),
      query: z.strictObject({
        range: z.enum(rangeNames, { error: `must be one of ${rangeNames.join(', ')}` }).default('7d'),
        basis: z
          .enum(['held', 'current'], { error: 'must be held or current' })
          .default('held')
          .describe(
            'held: what was held at the time. current: what is held today, at the prices of the time.',
          ),
      }),
      answers: { 200: { description: 'Some hundred points, oldest first', schema: performance } },
      problems: [404],
      access: 'user',
      handle: async ({ user, params, query }) => {
        const portfolio = await owned(user.id, params.id);
        const changes =
          query.basis === 'current'
            ? portfolio.holdings.map((held) => ({ symbol: held.symbol, at: 0, quantity: held.quantity }))
            : await performances.changesOf(portfolio);
        const symbols = [...new Set(changes.map((change) => change.symbol))];
        const moments = await performances.pricesOver(symbols, query.range, new Date());
        return { status: 200 as const, body: { ...query, ...performanceOf(moments, changes) } };
      },
    }),
  ];
}
