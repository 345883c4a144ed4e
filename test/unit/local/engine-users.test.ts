import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { EngineUsers } from '../../../local/engine-users.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('engine users');
let folder = '';
let users: EngineUsers;

test.before.each(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cryptosense-users-'));
  users = new EngineUsers(join(folder, 'users'));
});

test.after.each(() => rm(folder, { recursive: true, force: true }));

const user = (checkout: string) => ({ checkout, pid: process.pid, since: new Date(0).toISOString() });

test('an engine that nobody registered for has no users', async () => {
  assert.equal(await users.remaining(), []);
});

test('one user who leaves does not take the others along', async () => {
  await users.add('cryptosense-local-aaaaaa', user(folder));
  await users.add('cryptosense-test-aaaaaa', user(folder));
  await users.remove('cryptosense-test-aaaaaa');
  assert.equal(await users.remaining(), ['cryptosense-local-aaaaaa']);
});

test('a user who comes twice counts once', async () => {
  await users.add('cryptosense-local-aaaaaa', user(folder));
  await users.add('cryptosense-local-aaaaaa', user(folder));
  await users.remove('cryptosense-local-aaaaaa');
  assert.equal(await users.remaining(), []);
});

test('a checkout that was deleted no longer needs the engine', async () => {
  const checkout = join(folder, 'checkout');
  await mkdir(checkout);
  await users.add('cryptosense-local-bbbbbb', user(checkout));
  await rm(checkout, { recursive: true });
  assert.equal(await users.remaining(), []);
});

test('leaving without having come is no error', async () => {
  await users.remove('cryptosense-local-cccccc');
});

test.run();
