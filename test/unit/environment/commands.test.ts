import * as assert from 'uvu/assert';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import type { Live } from '../../../operator/environment/snapshot.ts';
import { suite } from '../../harness/suite.ts';
import { World } from './world.ts';

const test = suite('commands to an environment');

const serving = new World().create();
await serving.rest();

function releasing(rollout: NonNullable<EnvironmentSpec['rollout']>): World {
  const world = new World(serving);
  world.edit((spec) => {
    spec.rollout = { ...spec.rollout, ...rollout };
  });
  return world.release('api:2');
}

const annotations = (world: World) => world.environment.metadata.annotations ?? {};
const ofRoute = (world: World) =>
  (world.server.get<Live>('HTTPRoute', 'shop-api') as Live).spec as { rules: object[] };
const notes = (world: World) => world.events.map(({ reason }) => reason);

async function untilWaiting(world: World): Promise<World> {
  await world.until(() => /until somebody promotes it/.test(world.status.summary ?? ''));
  return world;
}

test('C3 promote is done once, and its annotation is gone', async () => {
  const pause = { pause: 'untilPromoted' };
  const steps = [{ weight: 10 }, pause, { weight: 50 }, pause, { weight: 100 }];
  const world = await untilWaiting(releasing({ canary: { steps } }));
  world.command('promote', 2);
  await world.until(() => world.status.candidate?.step === 3 && world.status.commands === undefined);
  assert.is(world.status.candidate?.step, 3);
  assert.equal(annotations(world), {});
  assert.is(world.status.commands, undefined);
  assert.is(notes(world).filter((reason) => reason === 'PromotedByCommand').length, 1);
  assert.is(world.condition('CommandAccepted')?.reason, 'Accepted');
});

test('a command for a release that is not being tried is refused in an Event and a condition, and its annotation goes', async () => {
  const world = new World(serving).command('promote', 1);
  await world.rest();
  assert.equal(annotations(world), {});
  assert.is(world.condition('CommandAccepted')?.status, 'False');
  assert.match(world.condition('CommandAccepted')?.message ?? '', /no release is being tried/);
  assert.ok(notes(world).includes('CommandRefused'));
});

test('commands leave other annotations alone, and who asked goes with the last of them', async () => {
  const world = new World(serving);
  world.server.edit('CryptoSenseEnvironment', 'shop', ({ metadata }) => {
    metadata.annotations = {
      team: 'market',
      'cryptosense.io/asked-by': 'alice',
      'cryptosense.io/restart': 'nonsense',
    };
  });
  await world.rest();
  assert.equal(annotations(world), { team: 'market' });
  assert.is(world.status.lastCommand?.by, 'alice');
});

test('restart replaces the pods by another template, once, and a later look keeps it', async () => {
  const world = new World(serving).command('restart', 1);
  await world.rest();
  const deployment = () =>
    (world.server.list('Deployment') as unknown as Live[]).find(({ metadata }) =>
      /-api-/.test(metadata.name),
    ) as Live;
  const written = JSON.stringify(deployment().spec);
  assert.match(written, /"cryptosense.io\/restarted-at":/);
  world.edit((spec) => {
    spec.autoscaling = { maxReplicas: 3 };
  });
  await world.rest();
  assert.is(JSON.stringify(deployment().spec), written);
});

test('C9 requests by header get a rule of their own, which is gone after an abort', async () => {
  const headers = [{ name: 'X-Beta', value: 'yes' }];
  const steps = [{ headers }, { pause: 'untilPromoted' }, { weight: 100 }];
  const world = await untilWaiting(releasing({ canary: { steps } }));
  assert.is(ofRoute(world).rules.length, 2);
  assert.match(JSON.stringify(ofRoute(world).rules[0]), /"name":"X-Beta"/);
  world.command('abort', 2);
  await world.rest();
  assert.is(ofRoute(world).rules.length, 1);
  assert.is(world.condition('RolledBack')?.reason, 'Aborted');
  assert.equal(world.cluster.broken, []);
});

test('blue-green has a preview Service, which another strategy takes away', async () => {
  const world = releasing({ strategy: 'blueGreen', blueGreen: { autoPromote: false, previewReplicas: 1 } });
  await untilWaiting(world);
  const preview = () => world.server.get<Live>('Service', 'shop-api-preview');
  const selected = () =>
    (preview() as Live & { spec: { selector: Record<string, string> } }).spec.selector[
      'cryptosense.io/revision'
    ];
  assert.is(selected(), world.status.candidate?.revision);
  world.command('abort', 2);
  await world.rest();
  assert.is(selected(), world.status.stable?.revision);
  world.edit((spec) => {
    spec.rollout = { ...spec.rollout, strategy: 'canary' };
  });
  await world.rest();
  assert.is(preview(), undefined);
});

test('undo brings an earlier release back, with its own configuration, and RolledBack says so', async () => {
  const world = new World(serving);
  world.edit((spec) => {
    spec.release = { image: 'api:2', config: { GREETING: 'new' } };
  });
  await world.until(() => world.status.stable?.number === 2);
  await world.rest();
  world.command('undo', 1);
  await world.until(() => world.status.stable?.number === 1);
  await world.rest();
  assert.is(world.condition('RolledBack')?.reason, 'Undone');
  const [config] = (world.server.list('ConfigMap') as unknown as Live[]).filter(
    ({ metadata }) => metadata.name === `shop-api-${world.status.stable?.revision}`,
  );
  assert.ok(config);
  assert.is((config.data as Record<string, string>).GREETING, undefined);
  assert.is(world.environment.spec.release.image, 'api:2');
});

test('historyLimit keeps so many former releases to go back to, and their records', async () => {
  const world = new World(serving);
  world.edit((spec) => {
    spec.rollout = { ...spec.rollout, historyLimit: 2, canary: { steps: [{ weight: 100 }] } };
  });
  for (const number of [2, 3, 4, 5]) {
    world.release(`api:${number}`);
    await world.until(() => world.status.stable?.number === number);
    await world.rest();
  }
  assert.equal(
    world.status.history?.map(({ number }) => number),
    [3, 4, 5],
  );
  const records = (world.server.list('ControllerRevision') as unknown as Live[]).filter(
    ({ metadata }) => metadata.labels?.['cryptosense.io/revision'],
  );
  assert.ok(records.length <= 5, `${records.length} records`);
  for (const { revision } of world.status.history ?? [])
    assert.ok(records.some(({ metadata }) => metadata.labels?.['cryptosense.io/revision'] === revision));
});

test('A8 a changed configuration value is a new revision, a rotated secret is none', async () => {
  const world = new World(serving);
  const first = world.status.stable?.revision;
  world.server.edit('Secret', 'shop-credentials', (secret) => {
    secret.data = { DATABASE_URL: 'cm90YXRlZA==' };
  });
  await world.rest();
  assert.is(world.status.stable?.revision, first);
  assert.is(world.status.candidate, undefined);
  world.edit((spec) => {
    spec.release.config = { GREETING: 'hello' };
  });
  await world.until(() => world.status.stable?.number === 2);
  assert.is.not(world.status.stable?.revision, first);
  assert.is(world.environment.spec.release.image, 'api:1');
});

test('L1 an environment that is deleted in the middle of a rollout takes both releases with it, and leaves volumes', async () => {
  const steps = [{ weight: 50 }, { pause: 'untilPromoted' }, { weight: 100 }];
  const world = await untilWaiting(releasing({ canary: { steps } }));
  world.server.remove('CryptoSenseEnvironment', 'shop');
  await world.rest();
  assert.is(world.environment, undefined);
  assert.equal([world.server.list('Deployment').length, world.server.list('HTTPRoute').length], [0, 0]);
  assert.ok(world.server.list('PersistentVolumeClaim').length > 0);
});

test.run();
