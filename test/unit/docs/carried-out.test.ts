import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal } from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { root } from './pages.ts';

const test = suite('Runbooks that tests carry out');

/** A call of the page in a test with a real fault, or its commands read from the file. */
const CALLS = /(?:runbook|page|look|statementOf|carriedOut)\(\s*'([a-z-]+)'|docs\/runbooks\/([a-z-]+)\.md/g;

/** Names of pages that tests with real parts carry out. */
function carriedOut(): Set<string> {
  const files = globSync('test/{integration,e2e,soak}/**/*.ts', { cwd: root });
  return new Set(
    files.flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(CALLS)].map(([, call, path]) => call ?? path ?? ''),
    ),
  );
}

test('every page is carried out by a test that causes its fault', () => {
  const done = carriedOut();
  const pages = globSync('*.md', { cwd: join(root, 'docs/runbooks') })
    .map((file) => file.replace('.md', ''))
    .filter((name) => name !== 'README');
  equal(
    pages.filter((page) => !done.has(page)),
    [],
  );
});

test.run();
