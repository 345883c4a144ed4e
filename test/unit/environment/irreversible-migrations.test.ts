import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { annotate, FIRST, ONE_WAY, reasons, SECOND, serving, target } from './migration-world.ts';
import type { World } from './world.ts';

const test = suite('migrations that cannot be undone');

for (const [how, migration, migrations] of [
  ['by its migration file', { gate: 'none' }, ONE_WAY],
  ['by release.migration.irreversible', { gate: 'none', irreversible: true }, SECOND],
] as const) {
  test(`M3 a release marked irreversible ${how} is frozen, not rolled back, when it fails after its migration`, async () => {
    const world = await serving({ gate: 'none' });
    world.edit((spec) => {
      spec.release.migration = migration;
    });
    world.release('api:2', { errorRatio: 0.5, migrations });
    await world.until(() => world.status.candidate?.frozen !== undefined);
    await world.rest();
    const { candidate, rejected, stable } = world.status;
    assert.equal([stable?.image, candidate?.image, rejected], ['api:1', 'api:2', undefined]);
    assert.is(candidate?.weight, 10);
    assert.is(candidate?.frozen?.reason, 'AnalysisFailed');
    const stalled = world.condition('Stalled');
    assert.equal([stalled?.status, stalled?.reason], ['True', 'Frozen']);
    assert.match(
      stalled?.message ?? '',
      /api:2 has failed \(AnalysisFailed: .*\) after a migration that cannot be undone: it is not rolled back and keeps 10 % of the requests; promote it \(cryptosense.io\/promote: 2-[0-9a-f]+\), or release an image that mends it/,
    );
    assert.is(reasons(world).filter((reason) => reason === 'Frozen').length, 1);
    assert.is(world.condition('Ready')?.status, 'True');
    assert.equal(world.cluster.broken, []);
  });
}

/** api:2 has failed after a migration that cannot be undone. */
async function frozen(): Promise<World> {
  const world = (await serving({ gate: 'none' })).release('api:2', { errorRatio: 0.5, migrations: ONE_WAY });
  await world.until(() => world.status.candidate?.frozen !== undefined);
  await world.rest();
  return world;
}

test('M3 a frozen release stays where it is through restarts, an abort and a spec that asks for the old release', async () => {
  const world = await frozen();
  const { candidate } = world.status;
  assert.ok(candidate);
  world.restart();
  await world.rest();
  annotate(world, 'abort', target(candidate));
  await world.rest();
  assert.is(world.status.lastCommand?.accepted, false);
  assert.match(
    world.status.lastCommand?.message ?? '',
    'api:1 cannot serve any more: the migration of api:2 (0002-convert) cannot be undone',
  );
  world.release('api:1', { migrations: FIRST });
  await world.rest();
  assert.is(world.status.candidate?.image, 'api:2');
  assert.is(world.status.candidate?.weight, 10);
  assert.is(world.condition('Stalled')?.reason, 'Frozen');
  assert.equal(world.cluster.broken, []);
});

test('M3 a frozen release without a ready pod gets no requests, as no release does', async () => {
  const world = await frozen();
  world.cluster.releases.set('api:2', { starts: false, migrations: ONE_WAY });
  await world.rest();
  assert.is(world.status.candidate?.weight, 0);
  assert.ok(world.status.candidate?.frozen);
  assert.is(world.status.stable?.image, 'api:1');
});

test('M3 a promoted frozen release serves, and a mended one takes its place', async () => {
  const promoted = await frozen();
  const { candidate } = promoted.status;
  assert.ok(candidate);
  annotate(promoted, 'promote', target(candidate));
  await promoted.rest();
  assert.is(promoted.status.stable?.image, 'api:2', promoted.status.summary);
  assert.is(promoted.condition('Stalled')?.status, 'False');

  const mended = (await frozen()).release('api:3', { migrations: ONE_WAY });
  await mended.rest();
  assert.is(mended.status.stable?.image, 'api:3', mended.status.summary);
  assert.equal(mended.cluster.broken, []);
});

test('a release marked irreversible that fails before its migration has run is rolled back like any other', async () => {
  const world = (await serving({ gate: 'none', irreversible: true })).release('api:2', {
    migrates: false,
    migrations: SECOND,
  });
  await world.rest();
  assert.is(world.status.rejected?.reason, 'MigrationFailed');
});

test('a release marked irreversible that had nothing to migrate is rolled back like any other', async () => {
  const world = await serving({ gate: 'none', irreversible: true });
  // The first release was marked as well: what came before it is not there.
  world.release('api:2', { errorRatio: 0.5, migrations: FIRST });
  await world.rest();
  assert.is(world.status.rejected?.reason, 'AnalysisFailed');
});

test.run();
