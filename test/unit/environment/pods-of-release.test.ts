import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { World } from './world.ts';

const test = suite('pods of a release');

const serving = new World().create();
await serving.rest();
const revision = serving.status.stable?.revision;
const NAME = `shop-api-${revision}`;
const world = () => new World(serving);
const replicasOf = ({ server }: World) =>
  (server.get('Deployment', NAME)?.spec as { replicas?: number } | undefined)?.replicas;
const writesTo = ({ server }: World) => server.writes.filter((write) => write.endsWith(`/${NAME}`));

test('more pods, and fewer, are a write of their number alone', async () => {
  const sized = world();
  const before = replicasOf(sized) ?? 0;
  sized.edit((spec) => {
    spec.replicas = before + 2;
  });
  await sized.rest();
  assert.is(replicasOf(sized), before + 2);
  sized.edit((spec) => {
    spec.replicas = before;
  });
  await sized.rest();
  assert.is(replicasOf(sized), before);
  assert.equal(new Set(writesTo(sized)), new Set([`PATCH Deployment scale/${NAME}`]));
});

test('a number of pods that somebody else wrote is put back', async () => {
  const touched = world();
  const before = replicasOf(touched);
  touched.server.edit('Deployment', NAME, (live) => {
    (live.spec as { replicas: number }).replicas = 7;
  });
  await touched.rest();
  assert.is(replicasOf(touched), before);
});

test('a Deployment that moved on in between gets its pods all the same', async () => {
  const late = world();
  let moved = 0;
  late.server.intercept = (_verb, { kind, name, isScale }) => {
    if (!isScale) return;
    moved += 1;
    late.server.edit(kind, name, (live) => {
      live.status = { ...(live.status as object), collisionCount: moved };
    });
  };
  late.edit((spec) => {
    spec.replicas = 4;
  });
  await late.look();
  assert.is(moved, 1);
  assert.is(replicasOf(late), 4);
  assert.equal(writesTo(late), [`PATCH Deployment/${NAME}`]);
});

test('pods are taken away only from what the plan has seen', async () => {
  const late = world();
  const before = replicasOf(late) ?? 0;
  late.edit((spec) => {
    spec.replicas = before + 2;
  });
  await late.rest();
  late.server.writes.length = 0;
  late.server.intercept = (_verb, { kind, name, isScale }) => {
    if (!isScale) return;
    late.server.edit(kind, name, (live) => {
      live.status = { ...(live.status as object), collisionCount: 1 };
    });
    late.server.intercept = () => {};
  };
  late.edit((spec) => {
    spec.replicas = before;
  });
  await late.look();
  assert.equal(writesTo(late), [], 'the first try is refused');
  await late.rest();
  assert.is(replicasOf(late), before);
});

test('new pods of the same release are a new definition, written as a whole and once', async () => {
  const restarted = world().command('restart', 1);
  await restarted.rest();
  assert.equal(
    writesTo(restarted).filter((write) => !write.includes('scale')),
    [`PATCH Deployment/${NAME}`],
  );
  const before = restarted.server.writes.length;
  for (let i = 0; i < 3; i++) await restarted.look();
  assert.is(restarted.server.writes.length, before);
});

test.run();
