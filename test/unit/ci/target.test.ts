import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, throws } from 'uvu/assert';
import { addressOf, pinned } from '../../../ci/push.ts';
import { targetOf } from '../../../ci/target.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('What a push releases, and where');
const SHA = '0123456789abcdef0123456789abcdef01234567';
const script = join(import.meta.dirname, '../../../ci/target.ts');

test('branches and tags have their environments', () => {
  const cases: [string, string, string][] = [
    ['refs/heads/develop', 'development', 'develop-0123456789ab'],
    ['refs/heads/main', 'staging', 'main-0123456789ab'],
    ['refs/tags/v1.2.3', 'production', '1.2.3'],
    ['refs/tags/v1.2.3-rc.1', 'staging', '1.2.3-rc.1'],
  ];
  for (const [ref, environment, version] of cases) equal(targetOf(ref, SHA), { environment, version }, ref);
});

test('nothing else is released', () => {
  for (const ref of [
    'refs/heads/feature',
    'refs/heads/v1.2.3',
    'refs/tags/develop',
    'refs/tags/v1',
    'refs/tags/v1.2.3+build',
    'refs/tags/v1.2.3/../main',
    'refs/pull/1/merge',
  ])
    throws(() => targetOf(ref, SHA), `Nothing is released from ${ref}: push to develop or main`);
  throws(() => targetOf('refs/heads/main', 'main'), 'GITHUB_SHA is main');
});

test('a version is one that the API and an image tag can have', () => {
  for (const ref of ['refs/heads/develop', 'refs/tags/v10.20.30-beta.4'])
    match(targetOf(ref, SHA).version, /^[\w][\w.-]{0,63}$/);
});

test('the script hands both on to later steps, and says in a sentence what is wrong', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-target-'));
  const file = join(folder, 'output');
  writeFileSync(file, 'before=1\n');
  const run = (GITHUB_REF: string) =>
    spawnSync(process.execPath, [script], {
      env: { GITHUB_REF, GITHUB_SHA: SHA, GITHUB_OUTPUT: file },
      encoding: 'utf8',
    });
  try {
    is(run('refs/tags/v1.2.3').status, 0);
    is(readFileSync(file, 'utf8'), 'before=1\nenvironment=production\nversion=1.2.3\n');
    const wrong = run('refs/heads/feature');
    is(wrong.status, 1);
    match(wrong.stderr, /^Nothing is released from refs\/heads\/feature: .*\.\n$/);
    match(run('').stderr, /^GITHUB_REF is not set: .*\.\n$/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the address of an image is in the registry, and its digest is that of this address', () => {
  is(addressOf('registry.example.com/shop/', 'cryptosense-api'), 'registry.example.com/shop/cryptosense-api');
  is(addressOf('127.0.0.1:5000', 'a'), '127.0.0.1:5000/a');
  for (const wrong of ['https://images.example.com', 'a b', '', 'Images/', 'x/$(id)'])
    throws(() => addressOf(wrong, 'a'), 'without https://');
  const digest = `sha256:${'a'.repeat(64)}`;
  is(pinned('r/shop/a', [`r/other/a@${digest}`, `r/shop/a@${digest}`]), `r/shop/a@${digest}`);
  throws(() => pinned('r/shop/a', [`r/other/a@${digest}`]), 'The registry gave no digest for r/shop/a');
});

test.run();
