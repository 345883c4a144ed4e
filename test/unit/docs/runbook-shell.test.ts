import { execFileSync } from 'node:child_process';
import { equal, throws } from 'uvu/assert';
import { filled, forgiving, sectionOf } from '../../harness/runbook-page.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('Commands of runbooks, as tests run them');

test('names are filled in, and a name that the page does not have is an error', () => {
  const block = 'NS=default ENV=local DB=cryptosense_dev\nkubectl -n $NS patch QUOTA\n';
  const variables = { NS: 'here', ENV: 'shop' };
  equal(filled(block, variables, { QUOTA: 'frozen' }), 'NS=here ENV=shop\n\nkubectl -n $NS patch frozen\n');
  throws(() => filled(block, variables, { POD: 'x' }), /"POD" is not in the block/);
});

test('a section ends at the next heading of its level', () => {
  equal(
    sectionOf('# a\n\n## Look\n\none\n\n### deeper\n\n## Next\n\ntwo\n', 'Look'),
    'Look\n\none\n\n### deeper\n\n',
  );
  equal(sectionOf('# a\n', 'Look'), '');
});

test('a line that may fail lets the next one run, and no other line does', () => {
  const block = 'ls /nowhere  # of a pod\nfalse\necho never\n';
  const run = (script: string) =>
    execFileSync('bash', ['-c', `set -e\n${script}\necho end`], { encoding: 'utf8', stdio: 'pipe' });
  throws(() => run(forgiving(block, ['/nowhere'])));
  equal(run(forgiving(block, ['/nowhere', 'false'])), 'never\nend\n');
  throws(() => forgiving(block, ['elsewhere']), /"elsewhere" is not in the block/);
});

test.run();
