import * as assert from 'uvu/assert';
import { createPriceLookup } from '../../../app/prices/price-lookup.ts';
import type { Price, PriceStore } from '../../../app/prices/price-store.ts';
import type { Cache } from '../../../app/storage/cache.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('price lookup');
const btc: Price = {
  symbol: 'BTC',
  price: '65000.5',
  volume24h: null,
  timestamp: '2026-11-22T12:00:00.000Z',
};
const away = async () => {
  throw new Error('away');
};

/** A store and a cache in memory whose parts a test replaces with `away`. */
function world() {
  const entries = new Map<string, string>();
  let queries = 0;
  const cache = {
    get: async (key: string) => entries.get(key) ?? null,
    set: async (key: string, value: string) => void entries.set(key, value),
  };
  const store = {
    newest: async (symbol: string): Promise<Price | undefined> => {
      queries += 1;
      return symbol === 'BTC' ? btc : undefined;
    },
  };
  const lookup = createPriceLookup(store as unknown as PriceStore, cache as unknown as Cache);
  return { entries, cache, store, lookup, queries: () => queries };
}

test('the first answer comes from the database and the second from the cache', async () => {
  const { lookup, queries } = world();
  assert.equal(await lookup('BTC'), { price: btc, source: 'database' });
  assert.equal(await lookup('BTC'), { price: btc, source: 'cache' });
  assert.is(queries(), 1);
});

test('many who ask at once cost one query', async () => {
  const { lookup, queries } = world();
  await Promise.all(Array.from({ length: 50 }, () => lookup('BTC')));
  assert.is(queries(), 1);
});

test('without Redis the database answers', async () => {
  const { lookup, cache } = world();
  cache.get = away;
  cache.set = away;
  assert.equal(await lookup('BTC'), { price: btc, source: 'database' });
});

test('without Redis and the database the last known price is served as stale', async () => {
  const { lookup, cache, store } = world();
  await lookup('BTC');
  cache.get = away;
  store.newest = away;
  assert.equal(await lookup('BTC'), { price: btc, source: 'stale' });
});

test('with nothing known a failure is a failure', async () => {
  const { lookup, store } = world();
  store.newest = away;
  const [outcome] = await Promise.allSettled([lookup('BTC')]);
  assert.is(outcome?.status, 'rejected');
});

test('what another release left in the cache counts as not cached', async () => {
  for (const left of ['{"usd":1}', 'not json', '{"symbol":"BTC","price":65000.5}']) {
    const { lookup, entries } = world();
    entries.set('price:BTC', left);
    assert.equal(await lookup('BTC'), { price: btc, source: 'database' });
  }
});

test('a symbol without a price is nothing, and is not cached', async () => {
  const { lookup, entries } = world();
  assert.is(await lookup('ETH'), undefined);
  assert.is(entries.size, 0);
});

test.run();
