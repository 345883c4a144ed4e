import * as assert from 'uvu/assert';
import { type Close, gridEnd, grids, unbroken } from '../../../app/predictor/series.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('price series');
const hour = grids['24h'];
const end = new Date('2026-11-22T12:00:00Z');

/** A close for each of the newest `count` hours before `end`, but those numbers of hours ago. */
function closes(count: number, without: readonly number[] = []): Close[] {
  const ago = Array.from({ length: count }, (_, i) => count - i).filter((hours) => !without.includes(hours));
  return ago.map((hours) => ({ start: new Date(end.getTime() - hours * 3_600_000), price: hours }));
}
const seriesOf = (found: ReturnType<typeof unbroken>) =>
  'series' in found ? found.series : assert.unreachable(found.shortage);
const shortageOf = (found: ReturnType<typeof unbroken>) =>
  'shortage' in found ? found.shortage : assert.unreachable('a series was made');

test('only complete intervals count: the present hour has no closing price yet', () => {
  assert.equal(gridEnd(hour, new Date('2026-11-22T12:59:59.999Z')), end);
  assert.equal(gridEnd(hour, end), end);
});

test('complete history is taken as it is', () => {
  const series = seriesOf(unbroken(closes(80), hour, end));
  assert.is(series?.prices.length, 80);
  assert.is(series?.filled, 0);
  assert.equal(series?.from, new Date(end.getTime() - 80 * 3_600_000));
  assert.equal(series?.to, end);
});

test('a gap of up to three intervals repeats the price before it, also at the very end', () => {
  const series = seriesOf(unbroken(closes(90, [1, 2, 3, 40, 41]), hour, end));
  assert.is(series?.filled, 5);
  assert.equal(series?.prices.slice(-5), [5, 4, 4, 4, 4]);
  assert.equal(series?.prices.slice(48, 52), [42, 42, 42, 39]);
});

test('what lies before a longer gap is not used', () => {
  const series = seriesOf(unbroken(closes(200, [100, 101, 102, 103]), hour, end));
  assert.is(series?.prices.length, 99);
  assert.is(series?.filled, 0);
  assert.match(
    shortageOf(unbroken(closes(200, [50, 51, 52, 53]), hour, end)) ?? '',
    'there are prices of 49 of the latest intervals (one an hour) without a gap, and a forecast needs 72',
  );
});

test('too little history and too old history are said in a sentence', () => {
  assert.match(shortageOf(unbroken([], hour, end)) ?? '', 'there are prices of 0 of');
  assert.match(shortageOf(unbroken(closes(71), hour, end)) ?? '', 'there are prices of 71 of');
  assert.match(
    shortageOf(unbroken(closes(200, [1, 2, 3, 4]), hour, end)) ?? '',
    'the newest price is from the hour after 2026-11-22T07:00:00.000Z, too old for a forecast',
  );
});

test.run();
