import * as assert from 'uvu/assert';
import { fitted, throttled, withoutName } from '../../../local/steps.ts';
import { durationTable, nextEstimate, timeLeft } from '../../../local/timing.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('timing');

test('a step that a cache served says nothing about the next real one', () => {
  assert.is(nextEstimate(500_000, 300), 500_000);
});

test('a step that was really done replaces the estimate, faster or slower', () => {
  assert.is(nextEstimate(500_000, 200_000), 200_000);
  assert.is(nextEstimate(500_000, 900_000), 900_000);
  assert.is(nextEstimate(undefined, 300), 300);
});

test('the time left is in minutes when it is long and in seconds when it is short', () => {
  assert.is(timeLeft(600_000, 60_000), 'about 9 min left');
  assert.is(timeLeft(60_000, 38_000), 'about 25 s left');
});

test('no time left is claimed for short and unknown steps', () => {
  assert.is(timeLeft(undefined, 1_000), '');
  assert.is(timeLeft(2_000, 1_000), '');
});

test('a step that is over its time does not promise an end', () => {
  assert.is(timeLeft(60_000, 61_000), 'longer than last time');
});

test('lines that differ only in numbers are passed on once in fifteen seconds', () => {
  let now = 0;
  const lines: string[] = [];
  const report = throttled(
    (line) => lines.push(line),
    () => now,
  );
  report('10 packages');
  report('11 packages');
  now = 16_000;
  report('12 packages');
  report('linking');
  assert.equal(lines, ['10 packages', '12 packages', 'linking']);
});

test('under its own title a step does not repeat its name', () => {
  assert.is(
    withoutName('Cluster: Preparing nodes (about 35 s left)', 'Cluster'),
    'Preparing nodes (about 35 s left)',
  );
  assert.is(withoutName('Cluster (about 35 s left)', 'Cluster'), '(about 35 s left)');
  assert.is(withoutName('Cluster', 'Cluster'), '');
  assert.is(withoutName('something else', 'Cluster'), 'something else');
});

test('a line that is too long for the terminal keeps its time left', () => {
  assert.is(fitted('short (about 5 s left)', 40), 'short (about 5 s left)');
  assert.is(fitted('a very long line about a build (about 5 s left)', 30), 'a very long … (about 5 s left)');
  assert.is(fitted('without any time', 10), 'without a…');
});

test('the table aligns names and seconds', () => {
  assert.is(
    durationTable([
      { name: 'a', ms: 1_000 },
      { name: 'long', ms: 12_340 },
    ]),
    '  a         1.0 s\n  long     12.3 s',
  );
});

test.run();
