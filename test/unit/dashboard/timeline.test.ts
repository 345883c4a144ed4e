import * as assert from 'uvu/assert';
import { bytes, shortImage, spoken, words } from '../../../dashboard/client/format.ts';
import { longer, merged } from '../../../dashboard/client/store.ts';
import { sampleAt, scaleX, scaleY, spread, stairs, ticks } from '../../../dashboard/client/timeline.ts';
import type { Course, Row, Sample } from '../../../operator/dashboard/shapes.ts';
import { suite } from '../../harness/suite.ts';

const test = suite("the dashboard's drawing");
const FRAME = { left: 0, right: 100, top: 0, bottom: 50 };
const sample = (at: number, weight: number): Sample => [at, weight, 1, 1, 4, 0];

test('a weight holds until the next one: the line goes in stairs, and on to now', () => {
  const x = scaleX({ from: 0, to: 1_000 }, FRAME);
  const y = scaleY(100, FRAME);
  const line = stairs([sample(0, 0), sample(200, 10), sample(600, 100)], ([, weight]) => weight, {
    x,
    y,
    until: 1_000,
  });
  assert.is(line, 'M0 50H20V45H60V0H100');
  assert.is(
    stairs([], ([, weight]) => weight, { x, y, until: 1_000 }),
    '',
  );
});

test('what held at a moment is the last sample before it', () => {
  const samples = [sample(0, 0), sample(200, 10)];
  assert.is(sampleAt(samples, 199)?.[1], 0);
  assert.is(sampleAt(samples, 200)?.[1], 10);
  assert.is(sampleAt(samples, -5)?.[1], 0);
});

test('the axis has round times, and no more of them than there is room for', () => {
  assert.equal(ticks(60_000, 6), [0, 10, 20, 30, 40, 50, 60]);
  assert.equal(ticks(3_600_000, 4), [0, 900, 1_800, 2_700, 3_600]);
  for (const seconds of [61, 400, 5_000, 100_000, 900_000])
    assert.ok(ticks(seconds * 1_000, 5).length <= 6, String(seconds));
});

test('a failure is never hidden behind a pass at the same place', () => {
  const mark = (at: number, verdict: string) => ({ at, verdict, what: 'errors' });
  const drawn = spread(
    [mark(0, 'pass'), mark(1, 'fail'), mark(2, 'pass'), mark(50, 'error')],
    (at) => at,
    10,
  );
  assert.equal(
    drawn.map(({ verdict, x }) => [verdict, x]),
    [
      ['fail', 0],
      ['error', 50],
    ],
  );
});

test('rows are merged by what was told, and the course gets what came to it', () => {
  const row = (key: string, summary: string) => ({ key, summary }) as Row;
  const before = new Map([
    ['a/x', row('a/x', '1')],
    ['a/y', row('a/y', '1')],
  ]);
  const after = merged(before, { rows: [row('a/x', '2')], gone: ['a/y'] });
  assert.equal(
    [...after.values()].map(({ key, summary }) => [key, summary]),
    [['a/x', '2']],
  );
  assert.is(merged(before, { all: true, rows: [], gone: [] }).size, 0);
  const course = { samples: [sample(0, 0), sample(1, 10)] } as Course;
  const told = { ...course, samples: [sample(2, 20)] };
  assert.equal(
    longer(course, { ...told, since: 2 }).samples.map(([, weight]) => weight),
    [0, 10, 20],
  );
  assert.is(longer(course, told).samples.length, 1);
});

test('figures are written as people say them', () => {
  assert.equal([3, 119, 600, 7_500, 200_000].map(spoken), ['3 s', '119 s', '10 min', '2 h 5 min', '2 d']);
  assert.equal([512, 734_003_200, 5_368_709_120].map(bytes), ['512 B', '700 MiB', '5.0 GiB']);
  assert.is(shortImage('registry.example.com/team/api:1.2.0'), 'api:1.2.0');
  assert.is(words('AllFieldsInEffect'), 'All fields in effect');
});

test.run();
