import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { amountSchema, positiveAmountSchema } from '../../../app/portfolios/decimal.ts';
import { type PricesAt, performanceOf, type QuantityChange } from '../../../app/portfolios/performance.ts';
import { valuationOf } from '../../../app/portfolios/valuation.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('valuation');

const SYMBOLS = ['BTC', 'ETH', 'DOGE'];
const DIGITS = 12n;

/** A decimal with at most 12 digits after the point, as text and as a whole number of 10^-12. */
const amount = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 24n }), fc.nat(12))
  .map(([units, zeros]) => units - (units % 10n ** BigInt(zeros)))
  .map((units) => ({ text: textOf(units, DIGITS), units }));
const positive = amount.filter(({ units }) => units > 0n);

/** The naive way: whole numbers of the smallest unit. */
function textOf(units: bigint, digits: bigint): string {
  const sign = units < 0n ? '-' : '';
  const text = (units < 0n ? -units : units).toString().padStart(Number(digits) + 1, '0');
  const [before, after] = [text.slice(0, -Number(digits)), text.slice(-Number(digits)).replace(/0+$/, '')];
  return sign + before + (after === '' ? '' : `.${after}`);
}

test('worth, cost and gain are what whole numbers give, to the last digit', () => {
  const holding = fc.record({ quantity: positive, price: positive, unitCost: fc.option(amount) });
  fc.assert(
    fc.property(fc.array(holding, { maxLength: 3 }), (list) => {
      const held = list.map(({ quantity, unitCost }, index) => ({
        symbol: SYMBOLS[index] ?? '',
        quantity: quantity.text,
        unitCost: unitCost?.text ?? null,
      }));
      const timestamp = '2026-01-01T00:00:00.000Z';
      const prices = new Map(
        list.map(({ price }, index) => [SYMBOLS[index] ?? '', { price: price.text, timestamp }]),
      );
      const { holdings, valuation } = valuationOf(held, prices);
      let [value, cost] = [0n, 0n];
      let priced = 0n;
      for (const [index, { quantity, price, unitCost }] of list.entries()) {
        value += quantity.units * price.units;
        assert.is(holdings[index]?.value, textOf(quantity.units * price.units, 2n * DIGITS));
        if (!unitCost) continue;
        cost += quantity.units * unitCost.units;
        priced += quantity.units * price.units;
      }
      assert.is(valuation.value, textOf(value, 2n * DIGITS));
      assert.is(valuation.cost, textOf(cost, 2n * DIGITS));
      assert.is(valuation.gain, textOf(priced - cost, 2n * DIGITS));
      assert.is(valuation.complete, true);
    }),
  );
});

test('a holding without a price makes it incomplete and is not counted', () => {
  const held = [
    { symbol: 'BTC', quantity: '0.1', unitCost: '100' },
    { symbol: 'ETH', quantity: '2', unitCost: '1' },
  ];
  const prices = new Map([['BTC', { price: '0.3', timestamp: '2026-01-01T00:00:00.000Z' }]]);
  const { holdings, valuation } = valuationOf(held, prices);
  assert.equal(valuation, {
    value: '0.03',
    cost: '10',
    gain: '-9.97',
    gainPercent: '-99.7',
    complete: false,
    asOf: '2026-01-01T00:00:00.000Z',
  });
  assert.equal(holdings[1], {
    symbol: 'ETH',
    quantity: '2',
    unitCost: '1',
    price: null,
    value: null,
    gain: null,
  });
});

test('amounts of requests come out in one form, whatever zeros they have', () => {
  fc.assert(
    fc.property(amount, fc.nat(5), ({ text }, zeros) => {
      const padded = `${'0'.repeat(Math.min(zeros, 5))}${text}`;
      if (padded.split('.')[0] && (padded.split('.')[0]?.length ?? 0) > 18) return;
      assert.is(amountSchema.parse(padded), text);
    }),
  );
  for (const wrong of [
    '',
    '-1',
    '1e5',
    '.5',
    '1.',
    '1,5',
    'NaN',
    'Infinity',
    '0x10',
    `0.${'1'.repeat(13)}`,
    1,
    null,
  ])
    assert.is(amountSchema.safeParse(wrong).success, false, String(wrong));
  for (const zero of ['0', '0.000', '000'])
    assert.is(positiveAmountSchema.safeParse(zero).success, false, zero);
});

const at = (minute: number) => minute * 60_000;
const moments = (prices: Record<string, string>[]): PricesAt[] =>
  prices.map((each, minute) => ({ at: at(minute), prices: new Map(Object.entries(each)) }));

test('performance follows what was held at the time, and a purchase is no gain', () => {
  const changes: QuantityChange[] = [
    { symbol: 'BTC', at: at(0), quantity: '1' },
    { symbol: 'BTC', at: at(2), quantity: '3' },
    { symbol: 'ETH', at: at(3), quantity: '2' },
  ];
  const { points, change, returnPercent } = performanceOf(
    moments([
      { BTC: '100', ETH: '10' },
      { BTC: '110', ETH: '10' },
      { BTC: '110', ETH: '10' },
      { BTC: '99', ETH: '10' },
    ]),
    changes,
  );
  assert.equal(
    points.map(({ value }) => value),
    ['100', '110', '330', '317'],
  );
  assert.is(change, '217');
  // 110/100 up, 99/110 down, whatever was bought in between.
  assert.is(returnPercent, '-1');
});

test('what has no price is no value, and an empty portfolio no return', () => {
  const held = [{ symbol: 'ETH', at: at(0), quantity: '1' }];
  const some = performanceOf(moments([{ BTC: '1' }, { ETH: '2' }]), held);
  assert.equal(some, {
    points: [
      { timestamp: '1970-01-01T00:00:00.000Z', value: null },
      { timestamp: '1970-01-01T00:01:00.000Z', value: '2' },
    ],
    change: '0',
    returnPercent: null,
  });
  assert.is(performanceOf(moments([{}, {}]), []).returnPercent, null);
  assert.equal(performanceOf([], held), { points: [], change: null, returnPercent: null });
});

test('the return of unchanged holdings is that of their worth, and does not depend on purchases in between', () => {
  const price = fc.integer({ min: 1, max: 1_000_000 }).map(String);
  fc.assert(
    fc.property(
      fc.array(price, { minLength: 2, maxLength: 20 }),
      fc.array(fc.tuple(fc.nat(19), fc.integer({ min: 1, max: 1_000 })), { maxLength: 5 }),
      (prices, later) => {
        const times = moments(prices.map((each) => ({ BTC: each })));
        const first: QuantityChange = { symbol: 'BTC', at: 0, quantity: '1' };
        const changes = later
          .sort(([a], [b]) => a - b)
          .map(([minute, quantity]) => ({ symbol: 'BTC', at: at(minute), quantity: String(quantity) }));
        const plain = performanceOf(times, [first]).returnPercent;
        const whole = Number(prices.at(-1)) / Number(prices[0]);
        assert.ok(Math.abs(Number(plain) - (whole - 1) * 100) <= 1e-4 * Math.max(1, whole));
        // Of one asset the return is the asset's, however much of it was held. Quotients are rounded at 20 digits.
        const bought = Number(performanceOf(times, [first, ...changes]).returnPercent);
        assert.ok(Math.abs(bought - Number(plain)) <= 1e-4 * Math.max(1, whole));
      },
    ),
  );
});

test.run();
