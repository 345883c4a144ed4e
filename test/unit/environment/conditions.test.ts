import * as assert from 'uvu/assert';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { suite } from '../../harness/suite.ts';
import { QUICK, World } from './world.ts';

const test = suite('conditions');

const serving = new World().create();
await serving.rest();

test('a condition keeps its transition time as long as its status stays, whatever its text says', async () => {
  const world = new World(serving);
  const before = world.condition('ApiReady');
  world.edit((spec) => {
    spec.replicas = 3;
  });
  await world.rest();
  const after = world.condition('ApiReady');
  assert.is.not(after?.message, before?.message);
  assert.is(after?.lastTransitionTime, before?.lastTransitionTime);
  const reconciling = world.condition('Reconciling')?.lastTransitionTime ?? '';
  assert.ok(reconciling > (serving.condition('Reconciling')?.lastTransitionTime ?? ''));
});

test('every condition says which generation it is about', async () => {
  const world = new World(serving);
  world.edit((spec) => {
    spec.routing = { hostnames: ['api.example.com'] };
  });
  await world.rest();
  const { generation } = world.environment.metadata;
  assert.is(world.status.observedGeneration, generation);
  for (const condition of world.status.conditions ?? []) assert.is(condition.observedGeneration, generation);
  assert.is(world.status.endpoint, 'http://api.example.com');
});

test('during a canary it is Ready and Reconciling, and the reason names the roll-out', async () => {
  const world = new World(serving).release('api:2');
  await world.until(() => world.status.candidate?.weight === 10);
  assert.is(world.condition('Ready')?.status, 'True');
  assert.is(world.condition('Reconciling')?.reason, 'RollingOut');
  assert.match(
    world.condition('Reconciling')?.message ?? '',
    /Canary api:2 at 10 %, step 2 of 3: watched until/,
  );
  assert.is(world.status.replicas, 2);
  assert.match(world.status.selector ?? '', new RegExp(`revision=${world.status.stable?.revision}$`));
});

test('a stable release without a ready pod is not Ready, and the reason says so', async () => {
  const world = new World(serving);
  world.cluster.releases.set('api:1', { starts: false });
  await world.until(() => world.condition('Ready')?.status === 'False');
  assert.is(world.condition('Ready')?.reason, 'ApiReady');
  assert.match(world.condition('Ready')?.message ?? '', /0 of 2 pods of api:1 are ready/);
  assert.is(world.condition('Reconciling')?.status, 'True');
});

/** What the schema lets through, because the tier's defaults are not in it. */
const contradiction: EnvironmentSpec = { ...QUICK, autoscaling: { minReplicas: 9 } };

test('with invalid effective values nothing is written but a status that says what to mend', async () => {
  const world = new World().create(contradiction);
  await world.rest();
  assert.equal(world.server.writes, ['PATCH CryptoSenseEnvironment status/shop']);
  assert.equal(
    [world.condition('Stalled')?.status, world.condition('Stalled')?.reason],
    ['True', 'InvalidSpec'],
  );
  assert.match(world.status.summary ?? '', /minReplicas \(9\) is above maxReplicas \(4, of which tier local/);
  assert.is(world.condition('Reconciling')?.status, 'False');
});

test('invalid effective values in the middle of a canary keep what it had, and mended it goes on', async () => {
  const world = new World(serving).release('api:2');
  await world.until(() => world.status.candidate?.weight === 10);
  world.edit((spec) => {
    spec.autoscaling = { minReplicas: 9 };
  });
  await world.until(() => world.condition('Stalled')?.status === 'True');
  assert.is(world.status.candidate?.weight, 10);
  assert.is(world.condition('Ready')?.status, 'True');
  world.edit((spec) => {
    delete spec.autoscaling;
  });
  await world.rest();
  assert.is(world.status.stable?.image, 'api:2');
  assert.is(world.condition('Stalled')?.status, 'False');
});

test('a status is equal for equal input, so that it is not written again', async () => {
  const world = new World(serving);
  const before = JSON.stringify(world.status);
  world.now += 3_600_000;
  await world.look();
  assert.is(JSON.stringify(world.status), before);
});

test('status says where things are, what they run and which operator wrote it', () => {
  assert.equal(serving.status.endpoints, {
    pooler: 'shop-pooler.market.svc:6432',
    database: 'shop-database.market.svc:5432',
    cache: 'shop-cache.market.svc:6379',
    credentials: 'shop-credentials',
  });
  const database = serving.status.components?.find(({ name }) => name === 'database');
  assert.equal(database, { name: 'database', image: 'cryptosense-database:dev', pods: 1, readyPods: 1 });
  assert.match(serving.status.operatorVersion ?? '', /^[0-9]+[.][0-9]+[.][0-9]+/);
  assert.is(serving.status.waitingFor, undefined);
});

test('status says what is waited for and since when', async () => {
  const world = new World(serving);
  world.cluster.releases.set('api:1', { starts: false });
  await world.until(() => world.condition('Ready')?.status === 'False');
  const [first] = world.status.waitingFor ?? [];
  assert.match(first?.what ?? '', /0 of 2 pods of api:1 are ready/);
  assert.is(first?.since, world.condition('ApiReady')?.lastTransitionTime);
});

test('fields without an effect are named, and a recovery into its own archive is refused', async () => {
  const world = new World().create({
    ...QUICK,
    autoscaling: { requestsPerMinute: 600 },
  });
  await world.rest();
  const said = world.condition('AllFieldsInEffect');
  assert.is(said?.status, 'False');
  assert.match(said?.message ?? '', /requestsPerMinute: the cluster serves no custom.metrics.k8s.io/);
  assert.is(world.condition('Ready')?.status, 'True');

  const bucket = { endpoint: 'https://s3.example.com', name: 'backups', credentialsSecret: 's3' };
  const recovery = { bucket, encryptionSecret: 'key' };
  const backup = { enabled: true, bucket: { ...bucket, prefix: 'market/shop' }, encryptionSecret: 'key' };
  const mixed = new World().create({ ...QUICK, recovery, backup });
  await mixed.until(() => mixed.condition('Stalled')?.status === 'True');
  assert.match(mixed.condition('Stalled')?.message ?? '', /give spec.backup.bucket.prefix another value/);
  assert.equal(mixed.server.list('StatefulSet'), []);
});

test('the autoscaler counts requests as soon as the cluster can', async () => {
  const world = new World().create({ ...QUICK, autoscaling: { requestsPerMinute: 600 } });
  await world.rest();
  const metrics = () =>
    (
      world.server.get('HorizontalPodAutoscaler', 'shop-api')?.spec as
        | { metrics: { type: string }[] }
        | undefined
    )?.metrics;
  assert.equal(
    metrics()?.map(({ type }) => type),
    ['Resource'],
  );
  world.servesCustomMetrics = true;
  await world.look();
  await world.rest();
  assert.equal(metrics()?.[1], {
    type: 'Pods',
    pods: {
      metric: { name: 'http_requests_per_minute' },
      target: { type: 'AverageValue', averageValue: '600' },
    },
  });
  assert.is(world.condition('AllFieldsInEffect')?.status, 'True');
});

test.run();
