import * as assert from 'uvu/assert';
import { milliseconds } from '../../../operator/api/duration.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('duration');

test('hours, minutes and seconds add up', () => {
  assert.is(milliseconds('1h30m15s'), 5_415_000);
  assert.is(milliseconds('30s'), 30_000);
});

test('text that is no duration is refused with an example of one', () => {
  assert.throws(() => milliseconds('soon'), /"soon" is not a duration: write for example 30s/);
  assert.throws(() => milliseconds(''), /is not a duration/);
});

test.run();
