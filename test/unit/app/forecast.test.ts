import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { amount } from '../../../app/predictor/amount.ts';
import { backtest, origins } from '../../../app/predictor/backtest.ts';
import { ets } from '../../../app/predictor/ets.ts';
import { forecast, LEVEL } from '../../../app/predictor/forecast.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('forecast of prices');

const near = (found: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(found - expected) <= tolerance, `found ${found}, expected ${expected} ± ${tolerance}`);

/** Standard normal numbers that are the same in every run: twelve uniform ones, summed. */
function normals(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return () => Array.from({ length: 12 }, uniform).reduce((sum, one) => sum + one, -6);
}

/** A price whose logarithm makes independent steps: what the efficient market hypothesis takes prices for. */
function randomWalk(seed: number, length: number, from: number, step: number): number[] {
  const normal = normals(seed);
  const prices = [from];
  while (prices.length < length) prices.push((prices.at(-1) ?? from) * Math.exp(step * normal()));
  return prices;
}

test('a price that never moved is forecast not to move, with an interval of no width', () => {
  for (const price of [0.000_000_12, 1, 65_000]) {
    for (const { point, lower, upper } of forecast(Array(60).fill(price), 12)) {
      for (const found of [point, lower, upper]) near(found / price, 1, 1e-6);
    }
  }
});

test('steady growth goes on, by the same percentage a step', () => {
  const prices = Array.from({ length: 80 }, (_, i) => 100 * 1.001 ** i);
  for (const [i, { point }] of forecast(prices, 12).entries())
    near(point / (100 * 1.001 ** (80 + i)), 1, 1e-3);
});

test('a trend that fades in the past is forecast to fade on: its steps only shrink', () => {
  // Each step is 0.9 of the one before it, with a little noise that is the same in every run.
  const normal = normals(7);
  const values = Array.from({ length: 40 }, (_, i) => 10 * (1 - 0.9 ** i) + 0.001 * normal());
  const points = ets(values, 12, LEVEL).map(({ point }) => point);
  const moves = points.map((point, i) => point - (points[i - 1] ?? values.at(-1) ?? 0)).slice(1);
  assert.ok((moves[0] ?? 0) > 0, `found ${moves[0]}`);
  for (const [i, move] of moves.slice(1).entries())
    assert.ok(move < (moves[i] ?? 0) && move >= 0, `found ${moves}`);
});

test('an interval holds its point, stays above zero and widens with every step', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: 20, max: 120 }),
      fc.constantFrom(0.000_000_12, 0.5, 65_000),
      fc.constantFrom(0.000_1, 0.002, 0.05),
      (seed, length, price, step) => {
        const found = forecast(randomWalk(seed, length, price, step), 12);
        found.forEach(({ point, lower, upper }, i) => {
          assert.ok(0 < lower && lower <= point && point <= upper, JSON.stringify(found[i]));
          const before = found[i - 1];
          if (before) assert.ok(upper / lower >= before.upper / before.lower, `narrower at step ${i}`);
        });
      },
    ),
    { numRuns: 60 },
  );
});

test('prices in another currency give the same forecast in that currency', () => {
  const dollars = randomWalk(3, 100, 65_000, 0.004);
  const cents = dollars.map((price) => price * 100);
  const [one, other] = [forecast(dollars, 12), forecast(cents, 12)];
  one.forEach(({ point, upper }, i) => {
    near((other[i]?.point ?? 0) / point, 100, 1e-3);
    near((other[i]?.upper ?? 0) / upper, 100, 1e-3);
  });
});

test('any positive prices, however wild, give a forecast or an error and never a number that is none', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 9, maxLength: 60 }),
      (prices) => {
        let found: ReturnType<typeof forecast>;
        try {
          found = forecast(prices, 12);
        } catch (error) {
          assert.instance(error, Error);
          // That is what a panic in the library looks like.
          assert.is.not((error as Error).name, 'RuntimeError');
          return;
        }
        for (const { point, lower, upper } of found) {
          assert.ok(Number.isFinite(point) && Number.isFinite(upper) && lower > 0);
        }
      },
    ),
    { numRuns: 150 },
  );
});

test('of a random walk, about as many prices lie in the interval as it says, and nothing beats the last price by much', async () => {
  const all = await Promise.all(
    Array.from({ length: 20 }, (_, seed) => backtest(randomWalk(seed + 1, 288, 65_000, 0.002), 12)),
  );
  const mean = (of: (one: (typeof all)[number]) => number) =>
    all.reduce((sum, one) => sum + of(one), 0) / all.length;
  near(
    mean((one) => one.coverage),
    LEVEL,
    0.06,
  );
  assert.ok(mean((one) => one.mae / one.naive.mae) > 0.95);
});

test('of steady growth, the back-test finds the method better than the last price, and says by how much', async () => {
  const prices = Array.from({ length: 80 }, (_, i) => 100 * 1.001 ** i);
  const { mae, mape, naive, forecasts, prices: compared } = await backtest(prices, 12);
  assert.ok(mae < naive.mae / 20, `found ${mae} and ${naive.mae}`);
  // The last price is wrong by 0.1 % after one step and by 1.2 % after twelve.
  near(naive.mape, 0.65, 0.02);
  assert.ok(mape < 0.05);
  assert.is(forecasts, 8);
  assert.is(compared, 8 * 12);
});

test('the back-test forecasts from what came before alone: a jump at the very end is not foreseen', async () => {
  const prices = [...Array(79).fill(100), 200];
  const { naive, mae } = await backtest(prices, 12);
  // 100 too low at one of the twelve prices of the last forecast, out of eight forecasts.
  near(naive.mae, 100 / (8 * 12), 1e-9);
  near(mae, naive.mae, 1e-3);
});

test('forecasts of the back-test begin in the newest quarter and leave room for all their steps', () => {
  assert.equal(origins(48, 12), [36]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 0, max: 400 }), (steps, more) => {
      const length = 2 * steps + more;
      const found = origins(length, steps);
      assert.ok(found.length >= 1 && found.length <= 8);
      assert.is(new Set(found).size, found.length);
      for (const origin of found) {
        assert.ok(origin + steps <= length);
        assert.ok(origin >= Math.min(length - steps, length - Math.floor(length / 4)));
      }
    }),
  );
});

test('an amount has eight significant digits and no exponent', () => {
  const wanted: [number, string][] = [
    [65_123.456_789, '65123.457'],
    [0.000_000_123_456_789_1, '0.00000012345679'],
    [1, '1'],
    [100, '100'],
    [1_234_567_890, '1234567890'],
    [1e-12, '0.000000000001'],
    [0, '0'],
  ];
  for (const [found, text] of wanted) assert.is(amount(found), text);
});

test.run();
