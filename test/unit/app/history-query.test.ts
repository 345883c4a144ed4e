import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { historyParameters, historyQuery } from '../../../app/prices/history-query.ts';
import { intervalSeconds, intervals } from '../../../app/prices/interval.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('range of a price history');
const now = new Date('2026-11-22T12:34:56.789Z');
const query = (parameters: Record<string, string>) =>
  historyQuery('BTC', historyParameters.parse(parameters), now);

test('without parameters it is the last hundred hours, the running one included', () => {
  const { from, to, interval } = query({}) ?? (assert.unreachable('no query') as never);
  assert.is(interval, '1h');
  assert.is(to.toISOString(), '2026-11-22T13:00:00.000Z');
  assert.is(to.getTime() - from.getTime(), 100 * 3_600_000);
});

test('from at or after to is no range', () => {
  assert.is(query({ from: '2026-11-22T12:00:00Z', to: '2026-11-22T12:00:00Z' }), undefined);
  assert.is(query({ from: '2027-01-01T00:00:00Z' }), undefined);
});

test('any range is bounded, aligned, and holds whole intervals around what was asked for', () => {
  const time = fc.date({ min: new Date(0), max: now, noInvalidDate: true });
  fc.assert(
    fc.property(
      fc.constantFrom(...intervals),
      time,
      time,
      fc.integer({ min: 1, max: 1000 }),
      (interval, a, b, limit) => {
        fc.pre(a.getTime() !== b.getTime());
        const [from, to] = a < b ? [a, b] : [b, a];
        const found = historyQuery('BTC', { interval, from, to, limit }, now);
        if (!found) throw new Error('no query');
        const width = intervalSeconds[interval] * 1_000;
        const span = found.to.getTime() - found.from.getTime();
        assert.is(found.from.getTime() % width, 0);
        assert.is(found.to.getTime() % width, 0);
        assert.ok(span > 0 && span <= limit * width);
        assert.ok(found.to >= to && found.to.getTime() < to.getTime() + width);
        if (span < limit * width)
          assert.ok(found.from <= from && found.from.getTime() > from.getTime() - width);
      },
    ),
  );
});

test.run();
