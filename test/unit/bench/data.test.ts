import { equal, throws } from 'uvu/assert';
import { wantedParts } from '../../bench/data/bench.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('Parts of the benchmark of the data');

test('without a wish all parts are measured, with one those that it names', () => {
  equal(wantedParts(undefined), ['backups', 'gaps', 'pooler']);
  equal(wantedParts(''), ['backups', 'gaps', 'pooler']);
  equal(wantedParts('gaps, pooler'), ['gaps', 'pooler']);
});

test('a part that there is not is refused in a sentence', () => {
  throws(
    () => wantedParts('gaps,restores'),
    'BENCH_PARTS has "restores": give some of backups, gaps, pooler.',
  );
});

test.run();
