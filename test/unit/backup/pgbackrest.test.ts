import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';

const test = suite('pgBackRest on a connection that breaks off');
const folder = mkdtempSync(join(tmpdir(), 'pgbackrest-'));
const script = join(folder, 'pgbackrest-repository.sh');
const tries = join(folder, 'tries');
process.env.BACKUP_REPOSITORY_SCRIPT = script;
const { pgbackrest } = await import('../../../backup/repository.ts');

/** A program that says `words` and fails as often as given, and then prints "done". */
function failing(times: number, words: string): void {
  writeFileSync(tries, '');
  const count = `echo >> ${tries}; [ $(wc -l < ${tries}) -gt ${times} ] && echo done && exit 0`;
  writeFileSync(script, `#!/bin/sh\n${count}\necho 'P00  ERROR: [103]: ${words}'\nexit 103\n`, {
    mode: 0o755,
  });
}
const tried = () => readFileSync(tries, 'utf8').length;
const asked = () => pgbackrest(['info'], { timeoutMs: 10_000 });
const BROKEN = 'TLS error [1:167772454] unexpected eof while reading';

test.after(() => rmSync(folder, { recursive: true }));

test('an answer that broke off is asked for again', async () => {
  failing(1, BROKEN);
  assert.is(await asked(), 'done');
  assert.is(tried(), 2);
});

test('after the third it is given up, in its own words', async () => {
  failing(9, BROKEN);
  const error = await asked().catch((one: Error) => one.message);
  assert.match(String(error), /unexpected eof while reading/);
  assert.is(tried(), 3);
});

test('any other failure is said at once', async () => {
  failing(9, 'unable to find a primary cluster');
  const error = await asked().catch((one: Error) => one.message);
  assert.match(String(error), /unable to find a primary cluster/);
  assert.is(tried(), 1);
});

test.run();
