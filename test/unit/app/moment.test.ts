import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { eventOf, momentsOf, parseMoment, plainDecimal } from '../../../app/prices/stream/moment.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('moments of the stream');

test('a decimal of a feed becomes what the database would give back', () => {
  const cases: [string, string][] = [
    ['65000.10', '65000.1'],
    ['1.2e-7', '0.00000012'],
    ['1E3', '1000'],
    ['0', '0'],
    ['0.000000004', '0'],
    ['0.000000005', '0.00000001'],
    ['28000000000.123456789', '28000000000.12345679'],
    ['99.999999999', '100'],
    ['007.50', '7.5'],
  ];
  for (const [given, expected] of cases) assert.is(plainDecimal(given), expected, given);
  assert.throws(() => plainDecimal('much'), /is no decimal/);
});

test('however a decimal of eight digits is written, it comes out alike', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 10n ** 20n }),
      fc.integer({ min: -12, max: 12 }),
      (units, exponent) => {
        const digits = units.toString().padStart(9, '0');
        const plain = plainDecimal(`${digits.slice(0, -8)}.${digits.slice(-8)}`);
        assert.match(plain, /^(0|[1-9]\d*)(\.\d{0,7}[1-9])?$/);
        // The same amount with its point elsewhere and an exponent that makes up for it.
        const shifted = exponent >= 0 ? `${units}${'0'.repeat(exponent)}e${-8 - exponent}` : `${units}e-8`;
        assert.is(plainDecimal(shifted), plain);
        assert.is(plainDecimal(plain), plain);
      },
    ),
  );
});

test('what another version may have sent is no moment, and rows come together by their time', () => {
  for (const wrong of ['', '[]', '{"id":0,"prices":[]}', '{"id":1}'])
    assert.is(parseMoment(wrong), undefined);
  const price = (symbol: string, timestamp: string) => ({ symbol, price: '1', volume24h: null, timestamp });
  const moments = momentsOf([
    price('BTC', '2026-01-01T00:00:01.000Z'),
    price('BTC', '2026-01-01T00:00:00.000Z'),
    price('ETH', '2026-01-01T00:00:01.000Z'),
  ]);
  assert.equal(
    moments.map(({ prices }) => prices.length),
    [1, 2],
  );
  const [, second] = moments;
  assert.ok(second);
  assert.is(eventOf(second, new Set(['DOGE'])), undefined);
  assert.match(
    eventOf(second, new Set(['ETH'])) ?? '',
    /^id: 1767225601000\nevent: prices\ndata: \{.*ETH.*\}\n\n$/,
  );
});

test.run();
