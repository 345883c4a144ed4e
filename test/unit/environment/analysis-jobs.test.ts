import * as assert from 'uvu/assert';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { LABELS } from '../../../operator/api/resolved.ts';
import { suite } from '../../harness/suite.ts';
import { QUICK, World } from './world.ts';

const test = suite('Jobs of analyses');

const job = { image: 'check:1', args: ['--url', 'http://{{environment}}-api-{{revision}}:3000'] };
const blueGreen = (metric: object = {}): EnvironmentSpec => ({
  ...QUICK,
  rollout: {
    ...QUICK.rollout,
    strategy: 'blueGreen',
    blueGreen: {
      autoPromoteDelay: '5s',
      prePromotionAnalysis: { metrics: [{ name: 'check', job, interval: '2s', ...metric }] },
    },
  },
});

async function serving(spec = blueGreen()): Promise<World> {
  const world = new World().create(spec);
  await world.rest();
  return world;
}

const jobsOf = (world: World) =>
  world.server.list('Job').filter(({ metadata }) => metadata.labels?.[LABELS.component] === 'analysis');

test('N1 a Job that ends with 0 lets the release go on', async () => {
  const world = await serving();
  world.release('api:2');
  await world.until(() => world.status.stable?.image === 'api:2');
  await world.rest();
  const [made] = jobsOf(world);
  assert.ok(made, 'the last one stays for who reads its log');
  assert.is(made.metadata.ownerReferences?.[0]?.kind, 'CryptoSenseEnvironment');
  const { template, backoffLimit, ttlSecondsAfterFinished } = made.spec as {
    template: { spec: { containers: { args: string[] }[]; automountServiceAccountToken: boolean } };
    backoffLimit: number;
    ttlSecondsAfterFinished: number;
  };
  assert.equal(template.spec.containers[0]?.args, [
    '--url',
    `http://shop-api-${world.status.stable?.revision}:3000`,
  ]);
  assert.is(template.spec.automountServiceAccountToken, false);
  assert.equal([backoffLimit, ttlSecondsAfterFinished], [0, 3600]);
});

test('N1 a Job that ends with anything else fails the release, with its last words', async () => {
  const world = await serving();
  world.cluster.check = () => 'prices are empty';
  world.release('api:2');
  await world.until(() => world.status.rejected?.image === 'api:2');
  assert.is(world.status.rejected?.reason, 'AnalysisFailed');
  assert.match(world.status.rejected?.message ?? '', /failed: exit code 1: prices are empty/);
  assert.is(world.status.stable?.image, 'api:1');
});

test('N4 count and failureLimit hold for Jobs: each try is one of its own, and only the last one is kept', async () => {
  const world = await serving(blueGreen({ count: 3, failureLimit: 1 }));
  let tries = 0;
  world.cluster.check = () => {
    tries += 1;
    return tries === 2 ? 'a hiccup' : '';
  };
  world.release('api:2');
  await world.until(() => world.status.stable?.image === 'api:2');
  await world.rest();
  assert.is(tries, 3);
  assert.is(jobsOf(world).length, 1);
});

test('N2 a Job that cannot start is an error of the measurement, and is tried again', async () => {
  const world = await serving();
  const { check } = world.cluster;
  let isAway = true;
  world.cluster.check = (revision) => (isAway ? 'never' : check(revision));
  world.cluster.isCheckStuck = () => isAway;
  world.release('api:2');
  await world.until(() => world.events.some(({ reason }) => reason === 'MeasurementFailed'));
  assert.match(
    world.events.find(({ reason }) => reason === 'MeasurementFailed')?.note ?? '',
    /cannot start: ErrImagePull/,
  );
  isAway = false;
  await world.until(() => world.status.stable?.image === 'api:2');
});

test('a release that nobody asks for any more leaves no Job that runs', async () => {
  const world = await serving();
  world.cluster.isCheckStuck = () => true;
  world.release('api:2');
  await world.until(() => jobsOf(world).length > 0);
  world.release('api:1');
  await world.rest();
  assert.equal(jobsOf(world), []);
});

test('A4 an operator that dies after each write makes no Job twice', async () => {
  const before = await serving();
  let writes = 0;
  for (let isKilled = true; isKilled; ) {
    writes += 1;
    const world = new World(before);
    const made = new Set<string>();
    world.cluster.check = () => {
      for (const { metadata } of jobsOf(world)) made.add(metadata.uid);
      return '';
    };
    world.server.dieAfter = writes;
    world.release('api:2');
    await world.rest();
    assert.is(world.status.stable?.image, 'api:2');
    assert.is(made.size, 1, `killed after ${writes} writes`);
    isKilled = world.server.dieAfter === Number.POSITIVE_INFINITY;
  }
  assert.ok(writes > 10, `only ${writes} writes`);
});

test.run();
