import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { World } from './world.ts';

const test = suite('settings of the database');

const serving = new World().create();
await serving.rest();

const settingsOf = (world: World) =>
  (world.server.get('ConfigMap', 'shop-database')?.data as Record<string, string> | undefined)?.[
    'cryptosense.conf'
  ] ?? '';
const checks = (world: World) =>
  world.server.list('Job').filter(({ metadata }) => /-database-check-/.test(metadata.name));

function set(world: World, parameters: Record<string, string>): void {
  world.edit((spec) => {
    spec.database = { parameters };
  });
}

test('an environment without parameters has no check', () => {
  assert.not(serving.server.writes.some((write) => /database-check/.test(write)));
});

test('parameters reach the database after a scratch PostgreSQL has started with them, and the check goes away', async () => {
  const world = new World(serving);
  let tried = '';
  world.cluster.scratchDatabase = (settings) => {
    assert.not.match(settingsOf(world), /32MB/);
    tried = settings;
    return '';
  };
  set(world, { work_mem: '32MB' });
  await world.settle();
  assert.is(world.condition('DatabaseReady')?.status, 'True');
  assert.match(world.condition('DatabaseReady')?.message ?? '', /tried on a scratch PostgreSQL first/);
  assert.is(world.condition('Reconciling')?.status, 'True');
  await world.rest();
  assert.match(settingsOf(world), /^work_mem = '32MB'$/m);
  assert.is(settingsOf(world), tried);
  assert.equal(checks(world), []);
  assert.is(world.condition('Reconciling')?.status, 'False');
});

test('refused parameters leave the last good settings, are said, and keep no release from going out', async () => {
  const world = new World(serving);
  world.cluster.scratchDatabase = () =>
    'PostgreSQL does not start: unrecognized configuration parameter "foo"';
  const before = settingsOf(world);
  set(world, { foo: '1' });
  await world.rest();
  assert.is(settingsOf(world), before);
  assert.is(world.condition('DatabaseReady')?.status, 'True');
  assert.is(world.condition('Stalled')?.reason, 'ParametersRefused');
  assert.match(world.condition('Stalled')?.message ?? '', /last good settings stay: .*parameter "foo"/);
  world.release('api:2');
  await world.rest();
  assert.is(world.status.stable?.image, 'api:2');
  set(world, {});
  await world.rest();
  assert.is(world.condition('Stalled')?.status, 'False');
  assert.equal(checks(world), []);
});

test('the first start waits for the check', async () => {
  const world = new World();
  world.cluster.scratchDatabase = () => {
    assert.not(world.server.get('StatefulSet', 'shop-database'));
    return '';
  };
  world.create({ tier: 'local', release: { image: 'api:1' }, database: { parameters: { work_mem: '2MB' } } });
  await world.rest();
  assert.is(world.condition('Ready')?.status, 'True');
});

test('another image is tried with the parameters, too', async () => {
  const world = new World(serving);
  set(world, { work_mem: '2MB' });
  await world.rest();
  world.server.writes.length = 0;
  world.edit((spec) => {
    spec.database = { ...spec.database, image: 'database:2' };
  });
  await world.rest();
  const writes = world.server.writes
    .filter((write) => /database/.test(write))
    .map((w) => w.replace(/-check-.*/, '-check'));
  assert.equal(writes, [
    'POST Job/shop-database-check',
    'PATCH StatefulSet/shop-database',
    'DELETE Job/shop-database-check',
    'DELETE Pod/shop-database-pod-0',
  ]);
});

test('a StatefulSet that is missing beside its settings is made again at once, whatever is being tried', async () => {
  const world = new World(serving);
  world.cluster.scratchDatabase = () => 'PostgreSQL does not start: no';
  set(world, { foo: '1' });
  await world.rest();
  world.server.drop('StatefulSet', 'shop-database');
  await world.settle();
  assert.ok(world.server.get('StatefulSet', 'shop-database'));
});

test.run();
