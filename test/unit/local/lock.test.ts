import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { startTime, withLock } from '../../../local/lock.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('lock');
let folder = '';
const silent = () => undefined;

test.before.each(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cryptosense-lock-'));
});

test.after.each(() => rm(folder, { recursive: true, force: true }));

test('two holders never run at the same time', async () => {
  let inside = 0;
  let most = 0;
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await sleep(10);
    inside -= 1;
  };
  const path = join(folder, 'lock');
  await Promise.all(Array.from({ length: 4 }, () => withLock(path, 'a test', silent, work)));
  assert.is(most, 1);
});

test('the lock is free again after work that failed', async () => {
  const path = join(folder, 'lock');
  await withLock(path, 'a test', silent, () => Promise.reject(new Error('no luck'))).catch(() => undefined);
  assert.not(existsSync(path));
});

test('the lock of a dead process blocks nobody', async () => {
  const path = join(folder, 'lock');
  await writeFile(path, JSON.stringify({ pid: 4_194_304, started: '1', token: 'dead' }));
  assert.is(await withLock(path, 'a test', silent, async () => 'ran'), 'ran');
});

test('a living process that took over the pid of a dead holder does not count as the holder', async () => {
  const path = join(folder, 'lock');
  await writeFile(path, JSON.stringify({ pid: process.pid, started: 'long ago', token: 'dead' }));
  assert.is(await withLock(path, 'a test', silent, async () => 'ran'), 'ran');
});

test('one burial that was itself cut short does not block the next', async () => {
  const path = join(folder, 'lock');
  const dead = JSON.stringify({ pid: 4_194_304, started: '1', token: 'dead' });
  await writeFile(path, dead);
  await writeFile(`${path}.bury`, dead);
  assert.is(await withLock(path, 'a test', silent, async () => 'ran'), 'ran');
});

test('several waiters bury one dead holder and still run one at a time', async () => {
  const path = join(folder, 'lock');
  await writeFile(path, JSON.stringify({ pid: 4_194_304, started: '1', token: 'dead' }));
  let inside = 0;
  let most = 0;
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await sleep(5);
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 5 }, () => withLock(path, 'a test', silent, work)));
  assert.is(most, 1);
});

test('this process has a start time and pid 0 has none', async () => {
  assert.type(await startTime(process.pid), 'string');
  assert.is(await startTime(0), undefined);
});

test.run();
