import * as assert from 'uvu/assert';
import { amount } from '../../../charts/quantity.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('quantities');

test('every form that a live object may have is read', () => {
  const forms: [text: string, value: number][] = [
    ['500m', 0.5],
    ['1Gi', 2 ** 30],
    ['1024Ti', 2 ** 50],
    ['1Pi', 2 ** 50],
    ['2Ei', 2 ** 61],
    ['1E', 1e18],
    ['12e6', 12e6],
    ['1E3', 1e3],
    ['1u', 1e-6],
    ['.5', 0.5],
    ['1.', 1],
    ['128974848', 128_974_848],
  ];
  for (const [text, value] of forms) assert.is(amount(text), value, text);
});

test('what is no quantity is refused with an example', () => {
  for (const text of ['', 'absent', '1KB', '1 Gi', 'Gi', '1ee3'])
    assert.throws(() => amount(text), /is not a quantity: write for example 500m or 1Gi/);
});

test.run();
