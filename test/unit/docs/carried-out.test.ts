import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal } from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { root } from './pages.ts';

const test = suite('Runbooks that tests carry out');

/** Pages whose fault no test causes, and why. Each alert that leads to one of them is one that nobody has seen mended by its page. */
const NOT_CARRIED_OUT: Readonly<Record<string, string>> = {
  'disk-full': 'its SQL is understood by PostgreSQL (test/integration/alerts), without the fault',
  'high-cpu': 'pods that are busy for long enough take minutes, and a cluster',
  'operator-down': 'an operator that is away disturbs every other story of the cluster',
  'release-rolled-back': 'releases are rolled back in every test of releases, without its commands',
  'release-stuck': 'a release that waits for a quarter of an hour, and a cluster',
  'replication-lag': 'its SQL is understood by PostgreSQL (test/integration/alerts), without the fault',
  'target-down': 'an exporter that hangs in a pod needs a cluster',
};

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

test('every page is carried out by a test that causes its fault, or it is said why not', () => {
  const done = carriedOut();
  const pages = globSync('*.md', { cwd: join(root, 'docs/runbooks') })
    .map((file) => file.replace('.md', ''))
    .filter((name) => name !== 'README');
  equal(pages.filter((page) => !done.has(page)).sort(), Object.keys(NOT_CARRIED_OUT).sort());
});

test.run();
