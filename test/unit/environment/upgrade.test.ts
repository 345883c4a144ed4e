import * as assert from 'uvu/assert';
import { renderComponents } from '../../../charts/render.ts';
import type { Manifest, ResolvedEnvironment } from '../../../operator/api/resolved.ts';
import { renderedComponent } from '../../../operator/environment/forms.ts';
import type { Live } from '../../../operator/environment/snapshot.ts';
import { suite } from '../../harness/suite.ts';
import { laterCharts } from '../../later-operator/charts.ts';
import { resolved } from '../charts/environments.ts';
import { World } from './world.ts';

const test = suite('an upgrade of the operator with other charts');

const before = new World().create();
await before.rest();

function upgraded(): World {
  const world = new World(before);
  world.charts = laterCharts;
  world.restart();
  return world;
}

const WORKLOADS = ['Deployment', 'StatefulSet'];
const generations = ({ server }: World) =>
  WORKLOADS.flatMap((kind) => server.list(kind)).map(
    ({ kind, metadata }) => `${kind}/${metadata.name} ${metadata.generation}`,
  );
const isLater = (live: Live | undefined) =>
  (live as unknown as PodOwner).spec.template.metadata.annotations?.later === 'yes';

async function seconds(world: World, count: number): Promise<void> {
  for (const end = world.now + count * 1000; world.now < end; world.step()) await world.settle();
}

test('L4 restarts no pod, writes what restarts none, and says what is left to do and when', async () => {
  const world = upgraded();
  await seconds(world, 20);
  assert.equal(generations(world), generations(before));
  assert.is(world.server.get<Live>('Service', 'shop-pooler')?.metadata.annotations?.later, 'yes');
  const condition = world.condition('UpToDate');
  assert.is(condition?.status, 'False');
  // 2026-01-05 is a Monday.
  assert.match(condition?.message ?? '', /^database, pooler, cache.*opens at 2026-01-11T03:00:00.000Z/);
  assert.is(world.condition('Ready')?.status, 'True');
  assert.is(world.condition('Reconciling')?.status, 'False');
});

test('brings the new forms in the maintenance window, one component after the other', async () => {
  const world = upgraded();
  await seconds(world, 5);
  world.now = Date.parse('2026-01-11T03:00:00Z');
  let most = 0;
  const workloads = () => WORKLOADS.flatMap((kind) => world.server.list(kind));
  for (let i = 0; i < 600 && world.condition('UpToDate')?.status !== 'True'; i++) {
    const unsettled = workloads().filter(({ metadata, status }) => {
      const seen = status as { observedGeneration?: number } | undefined;
      return seen?.observedGeneration !== metadata.generation;
    });
    most = Math.max(most, unsettled.length);
    await world.settle();
    world.step();
  }
  assert.is(world.condition('UpToDate')?.status, 'True');
  for (const name of ['shop-database', 'shop-cache'])
    assert.ok(isLater(world.server.get('StatefulSet', name)), name);
  assert.ok(isLater(world.server.get('Deployment', 'shop-pooler')));
  assert.is(most, 1);
});

test('brings them at once when asked to by annotation', async () => {
  const world = upgraded();
  await seconds(world, 5);
  world.server.edit('CryptoSenseEnvironment', 'shop', ({ metadata }) => {
    metadata.annotations = { 'cryptosense.io/refresh': 'now' };
  });
  await seconds(world, 20);
  assert.is(world.condition('UpToDate')?.status, 'True');
  assert.ok(isLater(world.server.get('StatefulSet', 'shop-database')));
});

test('renews a component that the user changes, and only that one', async () => {
  const world = upgraded();
  await seconds(world, 5);
  world.edit((spec) => {
    spec.pooler = { poolSize: 20 };
  });
  await seconds(world, 20);
  assert.ok(isLater(world.server.get('Deployment', 'shop-pooler')));
  assert.not.ok(isLater(world.server.get('StatefulSet', 'shop-database')));
  assert.is(world.server.list('ControllerRevision').filter(isForms).length, 1);
});

test('brings exporters that the user asks for at once, to the pods that have one', async () => {
  const world = upgraded();
  await seconds(world, 5);
  world.edit((spec) => {
    spec.observability = { exporters: { enabled: true } };
  });
  await seconds(world, 20);
  const containers = (kind: string, name: string) =>
    (world.server.get(kind, name) as unknown as PodOwner).spec.template.spec.containers.length;
  assert.is(containers('Deployment', 'shop-pooler'), 2);
  assert.is(containers('StatefulSet', 'shop-cache'), 2);
  assert.is(containers('StatefulSet', 'shop-database'), 2);
  assert.is(containers('Deployment', 'shop-predictor'), 1);
});

test('repairs an old form that somebody changed as the old form', async () => {
  const world = upgraded();
  await seconds(world, 5);
  const image = () => podImage(world.server.get('StatefulSet', 'shop-database') as Live);
  const was = image();
  world.server.edit('StatefulSet', 'shop-database', (live) => {
    (live as unknown as PodOwner).spec.template.spec.containers[0] = { image: 'other:1' };
  });
  await seconds(world, 5);
  assert.is(image(), was);
  assert.not.ok(isLater(world.server.get('StatefulSet', 'shop-database')));
});

test('no field of the spec can change a form without being one of its inputs', () => {
  const whole = resolved({
    tier: 'production',
    scheduling: { nodeSelector: { disk: 'ssd' }, tolerations: [{ key: 'a', operator: 'Exists' }] },
    images: { pullSecrets: ['registry'] },
    database: { parameters: { work_mem: '8MB' } },
    autoscaling: { quietHours: { start: '02:00', end: '06:00', minReplicas: 2 } },
  });
  const inputs: Record<string, Set<string>> = {};
  for (const component of Object.keys(renderComponents(whole)))
    inputs[component] = new Set([component, 'tier', 'scheduling', 'images']);
  // The release that serves is what the predictor's form follows besides: before the first release, that of the spec.
  inputs.predictor?.add('release');
  inputs.sentinel?.add('cache');
  // And PgBouncer whether every member of the database serves TLS.
  inputs.pooler?.add('database.tls');
  // Of it the exporters, where they are not the tier's: the test above sees that they are followed.
  for (const component of ['database', 'pooler', 'cache']) inputs[component]?.add('observability');
  const unseen: string[] = [];
  const base = hashes(whole);
  let changes = 0;
  for (const [path, changed] of mutations(whole.spec)) {
    const after = attempt(() => hashes({ ...whole, spec: changed as ResolvedEnvironment['spec'] }));
    if (!after) continue;
    changes += 1;
    for (const [component, hash] of Object.entries(after)) {
      const section = path.split('.')[0] as string;
      if (hash !== base[component] && !inputs[component]?.has(section) && !inputs[component]?.has(path))
        unseen.push(`${path} -> ${component}`);
    }
  }
  assert.ok(changes > 60, `${changes} fields were changed`);
  assert.equal(unseen, []);
});

interface PodOwner {
  spec: { template: { metadata: Manifest['metadata']; spec: { containers: { image: string }[] } } };
}

function podImage(live: Live): string | undefined {
  return (live as unknown as PodOwner).spec.template.spec.containers[0]?.image;
}

function isForms({ metadata }: Live): boolean {
  return metadata.labels?.['cryptosense.io/keeps'] === 'forms';
}

function hashes(environment: ResolvedEnvironment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(renderComponents(environment)).map(([name, manifests]) => [
      name,
      renderedComponent(manifests).hash,
    ]),
  );
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    // A value that no chart can render would never come past the schema.
    return undefined;
  }
}

/** `value` once for each of its leaves, with that leaf changed. */
function* mutations(value: unknown, path = ''): Generator<[string, unknown]> {
  if (typeof value === 'number') yield [path, value + 1];
  else if (typeof value === 'boolean') yield [path, !value];
  else if (typeof value === 'string') yield [path, /^[0-9]/.test(value) ? `1${value}` : `${value}x`];
  else if (value !== null && typeof value === 'object') {
    for (const [key, part] of Object.entries(value)) {
      for (const [inner, changed] of mutations(part, path ? `${path}.${key}` : key)) {
        const copy: unknown = Array.isArray(value)
          ? value.map((old, i) => (String(i) === key ? changed : old))
          : { ...value, [key]: changed };
        yield [inner, copy];
      }
    }
  }
}

test.run();
