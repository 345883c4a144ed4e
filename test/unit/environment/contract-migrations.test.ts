import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { putBackup } from './backup.ts';
import {
  annotate,
  FIRST,
  jobs,
  podsOf,
  reasons,
  SECOND,
  schema,
  serving,
  target,
} from './migration-world.ts';
import type { World } from './world.ts';

const test = suite('contract migrations');

test('M4 contract migrations run after the rollback window, not before, and only once', async () => {
  const world = (await serving({ gate: 'none' })).release('api:2', { migrations: SECOND });
  await world.until(() => world.status.stable?.image === 'api:2');
  const since = Date.parse(world.status.stable?.since ?? '');
  await world.until(() => world.status.retired === undefined);
  assert.is(world.condition('Reconciling')?.status, 'False', 'it does not look busy while it waits');
  assert.match(
    schema(world)?.message ?? '',
    `runs at ${new Date(since + 60_000).toISOString()}, when the rollback window is over`,
  );
  await world.until(() => jobs(world).includes('shop-contract'));
  const waited = world.now - since;
  assert.ok(waited >= 60_000 && waited < 62_000, `${waited} ms`);
  await world.rest();
  assert.equal(world.cluster.ledger.applied, ['0001-accounts', '0002-email', '0003-drop-mail']);
  assert.is(schema(world)?.message, '0003-drop-mail of api:2 was applied.');
  world.restart();
  await world.rest();
  assert.is(jobs(world).filter((name) => name === 'shop-contract').length, 1);
});

test('M4 within the window a return to the former release is free, and takes the contract with it', async () => {
  const world = (await serving({ gate: 'none' })).release('api:2', { migrations: SECOND });
  await world.until(() => world.status.stable?.image === 'api:2');
  const former = world.status.history?.find(({ image }) => image === 'api:1');
  assert.ok(former);
  annotate(world, 'undo', target(former));
  await world.rest();
  assert.is(world.status.stable?.image, 'api:1');
  assert.not.ok(world.cluster.ledger.applied.includes('0003-drop-mail'));
});

/** api:2 serves, and its contract migration has run. */
async function contracted(): Promise<World> {
  const world = (await serving({ gate: 'none' })).release('api:2', { migrations: SECOND });
  await world.rest();
  assert.ok(world.cluster.ledger.applied.includes('0003-drop-mail'));
  return world;
}

const REFUSAL =
  /api:1 cannot serve any more: the contract migration of api:2 \(0003-drop-mail\) has taken away what it needs; release an image that has this migration, or restore a backup from before it/;

test('M4 an undo across a contract migration is refused with the reason', async () => {
  const world = await contracted();
  const former = world.status.history?.find(({ image }) => image === 'api:1');
  assert.ok(former);
  annotate(world, 'undo', target(former));
  await world.rest();
  assert.is(world.status.lastCommand?.accepted, false);
  assert.match(world.status.lastCommand?.message ?? '', REFUSAL);
  assert.is(world.status.stable?.image, 'api:2');
});

test('M4 a spec that asks for a release from before a contract migration is refused with the reason, also with the status lost', async () => {
  const world = await contracted();
  world.server.edit('CryptoSenseEnvironment', 'shop', (object) => {
    object.status = {};
  });
  world.restart();
  world.release('api:1', { migrations: FIRST });
  await world.rest();
  assert.equal([world.status.stable?.image, podsOf(world, 'api:1')], ['api:2', 0]);
  assert.is(world.condition('RolledBack')?.reason, 'ReturnRefused');
  assert.match(world.condition('RolledBack')?.message ?? '', REFUSAL);
  assert.is(reasons(world).filter((reason) => reason === 'ReturnRefused').length, 1);
  assert.equal(world.cluster.broken, []);
});

test('M4 a later release with the same migrations can be returned from and to', async () => {
  const world = (await contracted()).release('api:3', { migrations: SECOND });
  await world.rest();
  assert.is(world.status.stable?.image, 'api:3');
  world.release('api:2', { migrations: SECOND });
  await world.rest();
  assert.is(world.status.stable?.image, 'api:2', world.status.summary);
});

test('M4 a contract migration waits for the gate like any other', async () => {
  const world = await serving();
  putBackup(world);
  world.release('api:2', { migrations: SECOND });
  await world.until(() => world.status.stable?.image === 'api:2');
  world.server.remove('CryptoSenseBackup', 'nightly');
  await world.rest();
  assert.equal([schema(world)?.status, schema(world)?.reason], ['False', 'WaitingForBackup']);
  assert.match(
    world.status.waitingFor?.[0]?.what ?? '',
    'The contract migration of api:2 (0003-drop-mail) needs a verified full backup',
  );
  assert.is(world.condition('Ready')?.status, 'True');
  assert.not.ok(world.cluster.ledger.applied.includes('0003-drop-mail'));
  putBackup(world);
  await world.rest();
  assert.ok(world.cluster.ledger.applied.includes('0003-drop-mail'));
});

test('M4 a contract that is manual runs when the annotation names the release that serves, and not for another', async () => {
  const world = (await serving({ gate: 'none', contract: 'manual' })).release('api:2', {
    migrations: SECOND,
  });
  await world.rest();
  const { stable } = world.status;
  assert.ok(stable);
  assert.match(schema(world)?.message ?? '', `cryptosense.io/contract=${target(stable)}`);
  annotate(world, 'contract', `1-${stable.revision}`);
  await world.rest();
  assert.not.ok(world.cluster.ledger.applied.includes('0003-drop-mail'));
  annotate(world, 'contract', target(stable));
  await world.rest();
  assert.ok(world.cluster.ledger.applied.includes('0003-drop-mail'));
});

test('a contract migration that fails leaves the release serving and says what to do', async () => {
  const world = (await serving({ gate: 'none' })).release('api:2', { migrations: SECOND });
  await world.until(() => world.status.stable?.image === 'api:2');
  world.cluster.releases.set('api:2', { migrates: false, migrations: SECOND });
  await world.rest();
  assert.equal([schema(world)?.status, schema(world)?.reason], ['False', 'ContractFailed']);
  assert.match(
    schema(world)?.message ?? '',
    /column is missing\. The release serves as before; delete the Job to try it again/,
  );
  assert.is(world.condition('Ready')?.status, 'True');
  assert.is(world.status.stable?.image, 'api:2');
});

test('M5 a release waits for the contract migration of the one before, too', async () => {
  const world = (await serving({ gate: 'none' })).release('api:2', { migrations: SECOND });
  await world.until(() => world.status.stable?.image === 'api:2');
  world.cluster.isDatabaseSlow = true;
  await world.until(() => jobs(world).includes('shop-contract'));
  world.release('api:3', { migrations: SECOND });
  await world.rest();
  assert.match(world.status.summary ?? '', 'api:3 waits for the migration of api:2, which runs');
  world.cluster.isDatabaseSlow = false;
  await world.rest();
  assert.is(world.status.stable?.image, 'api:3');
});

test('the rollback window does not pass while the environment is paused', async () => {
  const world = (await serving({ gate: 'none' })).release('api:2', { migrations: SECOND });
  await world.until(() => world.status.stable?.image === 'api:2' && world.status.retired === undefined);
  await world.until(() => world.server.list('EndpointSlice').length === 1);
  const pause = (paused: boolean) =>
    world.edit((spec) => {
      spec.paused = paused;
    });
  pause(true);
  await world.settle();
  world.now += 3_600_000;
  pause(false);
  await world.settle();
  assert.not.ok(jobs(world).includes('shop-contract'));
  await world.rest();
  assert.ok(jobs(world).includes('shop-contract'));
});

test.run();
