import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { createSimulator, listings } from '../../../app/feed/simulator.ts';
import { assets } from '../../../app/prices/assets.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('market simulator');
const { signal } = new AbortController();
const moment = fc.date({
  min: new Date('2020-01-01T00:00:00Z'),
  max: new Date('2040-01-01T00:00:00Z'),
  noInvalidDate: true,
});

test('the same seed gives the same quotes at the same time, in any order of asking', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), moment, moment, async (seed, at, other) => {
      const first = await createSimulator(seed).quotes(at, signal);
      const second = createSimulator(seed);
      await second.quotes(other, signal);
      assert.equal(await second.quotes(at, signal), first);
    }),
  );
});

test('another seed gives another market', async () => {
  const at = new Date('2026-11-22T12:00:00Z');
  const [one, two] = await Promise.all([1, 2].map((seed) => createSimulator(seed).quotes(at, signal)));
  assert.not.equal(one, two);
});

test('every price is a positive decimal that fits the column, within 40 % of where the market began', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), moment, async (seed, at) => {
      for (const quote of await createSimulator(seed).quotes(at, signal)) {
        assert.match(quote.price, /^\d{1,12}\.\d{1,8}$/);
        assert.match(quote.volume24h ?? '', /^\d{1,20}$/);
        const start = Number(listings.find((listing) => listing.symbol === quote.symbol)?.price) / 1e8;
        const ratio = Number(quote.price) / start;
        assert.ok(ratio > 0.59 && ratio < 1.41, `${quote.symbol} at ${quote.price}`);
      }
    }),
  );
});

test('the market moves, and no more than 1 % within five seconds', async () => {
  const feed = createSimulator(7);
  const start = Date.parse('2026-11-22T12:00:00Z');
  const prices: number[] = [];
  for (let i = 0; i < 500; i++) {
    const [quote] = await feed.quotes(new Date(start + i * 5_000), signal);
    prices.push(Number(quote?.price));
  }
  assert.ok(new Set(prices).size > 400);
  const moves = prices.slice(1).map((price, i) => Math.abs(price / (prices[i] ?? 0) - 1));
  assert.ok(Math.max(...moves) < 0.01);
});

test('history holds a quote of each asset for each moment, once, and fits what follows', async () => {
  const until = new Date('2026-11-22T12:00:00Z');
  const feed = createSimulator(1);
  const history = feed.history?.(until) ?? [];
  const keys = new Set(history.map(({ symbol, timestamp }) => `${symbol}@${timestamp.toISOString()}`));
  assert.is(keys.size, history.length);
  assert.is(history.length % listings.length, 0);
  const last = new Date(until.getTime() - 15_000);
  const [live] = await feed.quotes(last, signal);
  const [kept] = history.filter((quote) => quote.symbol === 'BTC' && +quote.timestamp === +last);
  assert.equal(kept, live);
});

test('every known asset is listed', () => {
  assert.equal(
    listings.map((listing) => listing.symbol),
    assets.map((asset) => asset.symbol),
  );
});

test.run();
