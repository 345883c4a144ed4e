import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { chosenPurpose, clusterName } from '../../../local/cluster-name.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('cluster name');
let folder = '';

test.before.each(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cryptosense-name-'));
});

test.after.each(() => rm(folder, { recursive: true, force: true }));

test('the name says what the cluster is for', () => {
  assert.match(clusterName('local'), /^cryptosense-local-[0-9a-f]{6}$/);
  assert.match(clusterName('test'), /^cryptosense-test-[0-9a-f]{6}$/);
});

test('two checkouts have different clusters', async () => {
  await mkdir(join(folder, 'a'));
  await mkdir(join(folder, 'b'));
  assert.is.not(clusterName('local', join(folder, 'a')), clusterName('local', join(folder, 'b')));
});

test('a checkout has one cluster by whatever path it is reached', async () => {
  await mkdir(join(folder, 'real'));
  await symlink(join(folder, 'real'), join(folder, 'link'));
  assert.is(clusterName('local', join(folder, 'link')), clusterName('local', join(folder, 'real')));
});

test('npm start is for the local cluster, for another one that is named, and for none with a wrong name', () => {
  assert.is(chosenPurpose({}), 'local');
  assert.is(chosenPurpose({ CRYPTOSENSE_CLUSTER: 'test' }), 'test');
  assert.throws(
    () => chosenPurpose({ CRYPTOSENSE_CLUSTER: 'prod' }),
    /CRYPTOSENSE_CLUSTER is "prod": say one of local/,
  );
});

test.run();
