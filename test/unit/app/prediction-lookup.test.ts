import * as assert from 'uvu/assert';
import { Problem } from '../../../app/http/problem.ts';
import type { Prediction } from '../../../app/predictions/prediction.ts';
import { createPredictionLookup } from '../../../app/predictions/prediction-lookup.ts';
import type { Cache } from '../../../app/storage/cache.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('prediction lookup');
const start = Date.parse('2026-11-22T12:00:00Z');

const btc: Prediction = {
  symbol: 'BTC',
  horizon: '1h',
  generatedAt: '2026-11-22T12:00:00.000Z',
  method: 'any',
  basedOn: { from: '', to: '', intervalSeconds: 300, prices: 48, filled: 0 },
  level: 0.95,
  forecast: [{ timestamp: '2026-11-22T13:00:00.000Z', price: '1', lower: '0.5', upper: '2' }],
  backtest: {
    mae: '1',
    mape: 1,
    naive: { mae: '1', mape: 1 },
    betterThanNaive: false,
    coverage: 0.95,
    forecasts: 1,
    prices: 12,
  },
  notice: '',
};
const away = async () => {
  throw new Error('away');
};

/** A predictor, a cache in memory and a clock; a test replaces parts with `away` and moves the clock. */
function world() {
  const entries = new Map<string, { value: string; ttlMs: number }>();
  const clock = { now: start };
  const calls = { count: 0 };
  const cache = {
    get: async (key: string) => entries.get(key)?.value ?? null,
    set: async (key: string, value: string, ttlMs: number) => void entries.set(key, { value, ttlMs }),
  };
  const predictor = {
    predict: async (): Promise<Prediction> => {
      calls.count += 1;
      return btc;
    },
    ping: async () => {},
  };
  const lookup = createPredictionLookup(predictor, cache as unknown as Cache, () => clock.now);
  return { entries, clock, calls, cache, predictor, lookup };
}

const rejection = (work: Promise<unknown>) =>
  work.then(
    () => assert.unreachable('it succeeded'),
    (error: unknown) => error,
  );

test('a forecast comes from the predictor, then for a minute from the cache, then from the predictor again', async () => {
  const { lookup, clock, calls, entries } = world();
  assert.equal(await lookup('BTC', '1h'), { prediction: btc, source: 'predictor' });
  clock.now += 59_999;
  assert.is((await lookup('BTC', '1h')).source, 'cache');
  assert.is(calls.count, 1);
  clock.now += 1;
  assert.is((await lookup('BTC', '1h')).source, 'predictor');
  assert.is(calls.count, 2);
  // It is kept for as long as it says something about the future.
  assert.is(entries.get('prediction:BTC:1h')?.ttlMs, 3_600_000 - 60_000);
});

test('ten questions at once ask the predictor once', async () => {
  const { lookup, calls } = world();
  await Promise.all(Array.from({ length: 10 }, () => lookup('BTC', '1h')));
  assert.is(calls.count, 1);
});

test('without the predictor an older forecast is served as stale until its last moment has passed', async () => {
  const { lookup, clock, predictor } = world();
  await lookup('BTC', '1h');
  predictor.predict = away;
  clock.now = start + 3_599_999;
  assert.is((await lookup('BTC', '1h')).source, 'stale');
  clock.now += 1;
  assert.match(String(await rejection(lookup('BTC', '1h'))), 'away');
  assert.match(String(await rejection(lookup('ETH', '1h'))), 'away');
});

test('what the predictor refuses is refused, also when an older forecast is there', async () => {
  const { lookup, clock, predictor } = world();
  await lookup('BTC', '1h');
  clock.now += 60_000;
  predictor.predict = async () => {
    throw new Problem({ status: 422, kind: 'too-little-history', detail: 'Too little.' });
  };
  assert.instance(await rejection(lookup('BTC', '1h')), Problem);
});

test('without Redis the predictor is asked every time', async () => {
  const { lookup, cache, calls } = world();
  cache.get = away;
  cache.set = away;
  assert.is((await lookup('BTC', '1h')).source, 'predictor');
  assert.is((await lookup('BTC', '1h')).source, 'predictor');
  assert.is(calls.count, 2);
});

test('something in the cache that is no forecast counts as nothing', async () => {
  const { lookup, entries } = world();
  for (const value of ['{', '{}', JSON.stringify({ keptAt: start, prediction: { symbol: 'BTC' } })]) {
    entries.set('prediction:BTC:1h', { value, ttlMs: 1 });
    assert.is((await lookup('BTC', '1h')).source, 'predictor');
  }
});

test.run();
