import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { arrow, change, money, percent, quantity, sum } from '../../../app/web/client/format.ts';
import { nearest, pathOf, scaleOf, ticksOf } from '../../../app/web/client/scale.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('scales and formats of the page');

test('amounts are shown to the cent, small ones with four digits, and no digit comes from a float', () => {
  assert.is(money('65000.123456'), '$65,000.12');
  assert.is(money('0.00000012'), '$0.0000001200');
  assert.is(money('0.123456'), '$0.1235');
  assert.is(money('0'), '$0.00');
  assert.is(sum('12345678901234567890.12'), '$12,345,678,901,234,567,890.12');
  assert.is(sum('-0.5'), '-$0.50');
  assert.is(quantity('0.123456789012'), '0.123456789012');
  assert.is(percent(1.254), '+1.25 %');
  assert.equal([1, -1, 0].map(arrow), ['▲', '▼', '●']);
  assert.is(change(100, 99), -1);
  assert.is(change(undefined, 1), undefined);
  assert.is(change(0, 1), undefined);
});

const frame = { width: 400, height: 200, left: 4, right: 64, top: 12, bottom: 24 };
const line = fc
  .array(fc.record({ at: fc.nat(1e12), value: fc.double({ min: -1e9, max: 1e9, noNaN: true }) }), {
    minLength: 1,
    maxLength: 50,
  })
  .map((points) => points.sort((a, b) => a.at - b.at));

test('every point lies in the frame, and higher values lie higher', () => {
  fc.assert(
    fc.property(line, (points) => {
      const scale = scaleOf(points, frame);
      for (const { at, value } of points) {
        const [x, y] = [scale.x(at), scale.y(value)];
        assert.ok(x >= 3.99 && x <= 336.01, `x is ${x}`);
        assert.ok(y >= 11.99 && y <= 176.01, `y is ${y}`);
      }
      const sorted = [...points].sort((a, b) => a.value - b.value);
      for (const [index, point] of sorted.entries()) {
        const next = sorted[index + 1];
        if (next) assert.ok(scale.y(next.value) <= scale.y(point.value));
      }
      assert.not.match(pathOf(points, scale), /NaN|Infinity/);
    }),
  );
});

test('there are two to seven ticks, all within the range', () => {
  const range = fc
    .tuple(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ min: 1e-6, max: 1e6, noNaN: true }))
    .filter(([from, width]) => width / Math.max(1, Math.abs(from)) > 1e-9);
  fc.assert(
    fc.property(range, ([from, width]) => {
      const ticks = ticksOf(from, from + width);
      assert.ok(ticks.length >= 2 && ticks.length <= 7, `${ticks.length} ticks`);
      for (const tick of ticks) assert.ok(tick >= from - 1e-9 * width && tick <= from + width + 1e-9 * width);
    }),
  );
});

test('the nearest point is the one with the smallest distance in time', () => {
  fc.assert(
    fc.property(line, fc.nat(1e12), (points, at) => {
      const found = points[nearest(points, at)];
      const smallest = Math.min(...points.map((point) => Math.abs(point.at - at)));
      assert.is(Math.abs((found?.at ?? Number.NaN) - at), smallest);
    }),
  );
  assert.is(nearest([], 0), -1);
});

test.run();
