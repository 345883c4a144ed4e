import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import * as assert from 'uvu/assert';
import { createLogOutput } from '../../../app/telemetry/log-output.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('output of the log');

/** An output, what it has written, and the end of its pause. */
function output() {
  const written: string[] = [];
  const due: (() => void)[] = [];
  const log = createLogOutput(
    (lines) => written.push(lines),
    (work) => due.push(work),
  );
  return { log, written, elapse: () => due.splice(0).forEach((work) => void work()) };
}

test('a line after a pause goes out at once, those that follow it together', () => {
  const { log, written, elapse } = output();
  for (const line of ['first', 'second', 'third']) log.write(line, false);
  assert.equal(written, ['first\n']);
  elapse();
  assert.equal(written, ['first\n', 'second\nthird\n']);
  log.write('soon after', false);
  assert.is(written.length, 2);
  elapse();
  elapse();
  log.write('much later', false);
  assert.equal(written.slice(2), ['soon after\n', 'much later\n']);
});

test('what is urgent waits for nothing, and passes nobody', () => {
  const { log, written, elapse } = output();
  log.write('first', false);
  log.write('second', false);
  log.write('broken', true);
  log.write('third', false);
  elapse();
  assert.equal(written, ['first\n', 'second\nbroken\n', 'third\n']);
});

test('no more waits than a pipe takes in at once', () => {
  const { log, written } = output();
  const line = 'x'.repeat(999);
  for (let made = 0; made < 40; made++) log.write(line, false);
  log.flush();
  assert.is(written.join(''), `${line}\n`.repeat(40));
  assert.ok(
    written.every((lines) => lines.length < 32 * 1_024) && written.length < 6,
    `${written.length} writes`,
  );
});

/** What a process has written that logs three lines and then does `last`, and its exit code. */
async function processThat(last: string): Promise<{ lines: string[]; code: number | null }> {
  const logger = new URL('../../../app/telemetry/logger.ts', import.meta.url);
  const script = `
    const { createLogger } = await import(${JSON.stringify(logger.href)});
    const log = createLogger({ logLevel: 'info', version: '1', environment: 'production' });
    for (const line of ['one', 'two', 'three']) log.info(line);
    ${last}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [said] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  const lines = said.split('\n').filter((line) => line !== '');
  return { lines: lines.map((line) => JSON.parse(line).message), code: child.exitCode };
}

test('a process that ends, one way or another, has written every line', async () => {
  const lines = ['one', 'two', 'three'];
  assert.equal(await processThat(''), { lines, code: 0 });
  assert.equal(await processThat('process.exit(3);'), { lines, code: 3 });
  assert.equal(await processThat("throw new Error('nobody catches this');"), { lines, code: 1 });
  const failed = await processThat("log.error('four'); process.kill(process.pid, 'SIGKILL');");
  assert.equal(failed, { lines: [...lines, 'four'], code: null });
});

test.run();
