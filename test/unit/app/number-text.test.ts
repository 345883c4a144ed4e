import * as assert from 'uvu/assert';
import { numberText } from '../../../app/http/hot/number-text.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('numbers as text');

test('the digits are those that JavaScript writes', () => {
  const near = [
    0, 1, 9, 10, 99, 100, 999, 1_000, 1_001, 9_999, 10_000, 999_999, 1_000_000, 1_000_100, 999_999_999,
  ];
  for (const number of [...near, 2 ** 31, Number.MAX_SAFE_INTEGER])
    assert.is(numberText(number), String(number));
});

test.run();
