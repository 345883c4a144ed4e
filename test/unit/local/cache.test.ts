import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { cached, cacheKey, cacheRoot } from '../../../local/cache.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('cache');
const before = process.env.XDG_CACHE_HOME;
let folder = '';

test.before.each(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cryptosense-cache-'));
  process.env.XDG_CACHE_HOME = folder;
});

test.after.each(async () => {
  if (before === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = before;
  await rm(folder, { recursive: true, force: true });
});

const silent = () => undefined;

test('the cache root follows XDG_CACHE_HOME', () => {
  assert.is(cacheRoot(), join(folder, 'cryptosense'));
});

test('inputs that only differ in where one ends and the next begins have different keys', () => {
  assert.is.not(cacheKey(['ab', 'c']), cacheKey(['a', 'bc']));
});

test('the same inputs are built once', async () => {
  let builds = 0;
  const build = async (dir: string) => {
    builds += 1;
    await writeFile(join(dir, 'result'), 'made');
  };
  const first = await cached('thing', ['a'], build, silent);
  const second = await cached('thing', ['a'], build, silent);
  assert.is(first, second);
  assert.is(builds, 1);
  assert.is(await readFile(join(first, 'result'), 'utf8'), 'made');
});

test('other inputs are built apart', async () => {
  const build = async () => undefined;
  assert.is.not(await cached('thing', ['a'], build, silent), await cached('thing', ['b'], build, silent));
});

test('a build that fails leaves nothing behind and is tried again', async () => {
  const fails = cached('thing', ['a'], () => Promise.reject(new Error('no luck')), silent);
  assert.match(await fails.catch(String), 'no luck');
  assert.equal(await readdir(join(cacheRoot(), 'thing')), []);
  await cached('thing', ['a'], async () => undefined, silent);
});

test('a half-built directory of a killed process is never taken for a finished one', async () => {
  const done = await cached('thing', ['a'], async () => undefined, silent);
  const key = done.slice(done.lastIndexOf('/') + 1);
  await rm(done, { recursive: true });
  const partial = `${done}.partial-999999`;
  await mkdir(partial);
  await cached('thing', ['a'], async () => undefined, silent);
  assert.equal(await readdir(join(cacheRoot(), 'thing')), [key]);
});

test('of two that want the same at once, one builds and the other waits and says so', async () => {
  let builds = 0;
  const lines: string[] = [];
  const build = async () => {
    builds += 1;
    await sleep(50);
  };
  const report = (line: string) => lines.push(line);
  const paths = await Promise.all([
    cached('thing', ['a'], build, report),
    cached('thing', ['a'], build, report),
  ]);
  assert.is(builds, 1);
  assert.is(paths[0], paths[1]);
  assert.is(lines.length, 1);
  assert.match(lines[0] ?? '', 'building thing');
});

test.run();
