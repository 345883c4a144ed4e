import { equal, throws } from 'uvu/assert';
import { wantedParts } from '../../bench/settings.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('Settings of the benchmarks');

const PARTS = ['backups', 'gaps', 'pooler'];

test('without a wish all parts are measured, with one those that it names', () => {
  equal(wantedParts(PARTS, undefined), PARTS);
  equal(wantedParts(PARTS, ''), PARTS);
  equal(wantedParts(PARTS, 'gaps, pooler'), ['gaps', 'pooler']);
});

test('a part that there is not is refused in a sentence', () => {
  throws(
    () => wantedParts(PARTS, 'gaps,restores'),
    'BENCH_PARTS has "restores": give some of backups, gaps, pooler.',
  );
});

test.run();
