import { equal, is } from 'uvu/assert';
import { median, percentile } from '../../bench/statistics.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('Statistics of the benchmarks');

test('the median is the middle of the values, in whatever order they come', () => {
  is(median([30, 1, 2]), 2);
  is(median([4, 1, 3, 2]), 3);
  is(Number.isNaN(median([])), true);
});

test('a percentile is one of the values: of twenty, the 95th is the second largest', () => {
  const values = Array.from({ length: 20 }, (_, i) => 20 - i);
  equal([percentile(values, 95), percentile(values, 100), percentile(values, 0)], [19, 20, 1]);
  is(percentile([7], 95), 7);
  is(Number.isNaN(percentile([], 95)), true);
});

test.run();
