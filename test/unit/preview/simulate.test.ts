import * as assert from 'uvu/assert';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { KIND } from '../../../operator/api/well-known.ts';
import { WATCHED } from '../../../operator/environment/resources.ts';
import { ASSUMED } from '../../../operator/preview/behaviour.ts';
import { type Course, simulate } from '../../../operator/preview/simulate.ts';
import { PreviewWorld } from '../../../operator/preview/world.ts';
import { suite } from '../../harness/suite.ts';
import { QUICK, World } from '../environment/world.ts';

const test = suite('what a preview says will happen');

const serving = new World().create();
await serving.rest();

type Edit = (spec: EnvironmentSpec) => void;

/** The preview of an edit, on what a world has. */
function preview(of: World, edit: Edit, lacking: string[] = []): Course {
  const environment = structuredClone(of.environment);
  edit(environment.spec);
  environment.metadata.generation += 1;
  const objects = [...of.server.objects.values()].filter(({ kind }) => kind !== KIND);
  const observed = {
    objects,
    kinds: new Set(WATCHED.map(({ kind }) => kind).filter((kind) => !lacking.includes(kind))),
    groups: new Set<string>(),
  };
  return simulate(new PreviewWorld(environment, observed, of.now, ASSUMED), of.now);
}

/** Every share of the requests that was routed, in order, as "number: percent". */
function shares(weights: Record<string, number>[]): string[] {
  const said = weights.map((one) =>
    Object.entries(one)
      .map(([number, weight]) => `${number}: ${weight}`)
      .sort()
      .join(', '),
  );
  return said.filter((one, i) => one !== '' && one !== said[i - 1]);
}

const rollout = (more: EnvironmentSpec['rollout']): EnvironmentSpec['rollout'] => ({
  ...QUICK.rollout,
  ...more,
});
const EDITS: Record<string, Edit> = {
  'a canary': (spec) => {
    spec.release.image = 'api:2';
  },
  'a canary of many steps, with a larger pooler': (spec) => {
    spec.release.image = 'api:2';
    spec.replicas = 5;
    spec.pooler = { replicas: 3 };
    spec.rollout = rollout({
      canary: {
        steps: [
          { weight: 5 },
          { pause: '3s' },
          { replicas: 3 },
          { weight: 40 },
          { pause: '5s' },
          { weight: 100 },
        ],
        analysis: { interval: '1s' },
      },
    });
  },
  'blue-green': (spec) => {
    spec.release.image = 'api:2';
    spec.rollout = rollout({ strategy: 'blueGreen', blueGreen: { autoPromoteDelay: '5s' } });
  },
  'a rolling update': (spec) => {
    spec.release.image = 'api:2';
    spec.replicas = 4;
    spec.rollout = rollout({ strategy: 'rolling' });
  },
  'a larger volume': (spec) => {
    spec.database = { storage: '2Gi' };
  },
  'a parameter of PostgreSQL': (spec) => {
    spec.database = { parameters: { work_mem: '8MB' } };
  },
  'a component that is switched off': (spec) => {
    spec.predictor = { enabled: false };
  },
};

for (const [name, edit] of Object.entries(EDITS)) {
  test(`is what then happens: ${name}`, async () => {
    const world = new World(serving);
    await world.rest();
    const course = preview(world, edit);
    assert.equal(course.refused, []);
    assert.ok(course.isAtRest, course.summary);

    const before = new Set(world.server.objects.keys());
    const routed: Record<string, number>[] = [];
    const route = () =>
      world.server.get('HTTPRoute', 'shop-api')?.spec as {
        rules: { backendRefs: { name: string; weight: number }[] }[];
      };
    const numbers = () =>
      new Map(
        world.server
          .list('ControllerRevision')
          .map((one) => [one.metadata.labels?.['cryptosense.io/revision'], one.revision as number]),
      );
    world.edit(edit);
    await world.until(() => {
      const refs = route().rules.at(-1)?.backendRefs ?? [];
      const known = numbers();
      const of = (ref: string) => String(known.get(ref.replace('shop-api-', '')));
      routed.push(
        Object.fromEntries(refs.filter(({ weight }) => weight > 0).map((ref) => [of(ref.name), ref.weight])),
      );
      return (
        world.condition('Reconciling')?.status === 'False' && !world.status.candidate && !world.status.retired
      );
    });
    await world.rest();

    assert.equal(
      shares(course.steps.map(({ weights }) => weights)),
      shares(routed),
      'the shares of the requests',
    );
    const gone = [...before].filter((key) => !world.server.objects.has(key) && isWritten(key));
    const come = [...world.server.objects.keys()].filter((key) => !before.has(key) && isWritten(key));
    const said = (verb: string) =>
      new Set(
        course.steps.flatMap(({ writes }) =>
          writes.filter((write) => write.verb === verb).map((write) => `${write.kind}/${write.name}`),
        ),
      );
    for (const key of come) assert.ok(said('create').has(key), `${key} is made without having been foreseen`);
    for (const key of gone)
      assert.ok(said('delete').has(key), `${key} is deleted without having been foreseen`);
    assert.is(course.summary, world.status.summary);
  });
}

/** Written by the operator, and no record of its own. */
function isWritten(key: string): boolean {
  return !/^(Pod|EndpointSlice|PersistentVolumeClaim|ControllerRevision|CryptoSenseEnvironment)\//.test(key);
}

test('is nothing when nothing is changed, and nothing of what was observed is touched', () => {
  const before = JSON.stringify([...serving.server.objects]);
  const course = preview(serving, () => {});
  assert.equal(course.steps, []);
  preview(serving, EDITS['a canary'] as Edit);
  assert.is(JSON.stringify([...serving.server.objects]), before);
});

test('goes on as if somebody had promoted it, and says the command', () => {
  const course = preview(serving, (spec) => {
    spec.release.image = 'api:2';
    spec.rollout = rollout({
      canary: { steps: [{ weight: 20 }, { pause: 'untilPromoted' }, { weight: 100 }] },
    });
  });
  const [wait, ...others] = course.steps.flatMap(({ waits }) => waits ?? []);
  assert.equal(others, []);
  assert.match(
    wait?.message ?? '',
    /kubectl -n market annotate cse shop cryptosense.io\/promote=2-[0-9a-f]{10}$/,
  );
  assert.equal(shares(course.steps.map(({ weights }) => weights)), ['1: 100', '1: 80, 2: 20', '2: 100']);
  assert.ok(course.isAtRest);
});

test('names the backup that a migration would wait for', () => {
  const course = preview(serving, (spec) => {
    spec.release = { image: 'api:2', migration: { gate: 'verified' } };
  });
  const waits = course.steps.flatMap((step) => step.waits ?? []);
  assert.equal(
    waits.map((wait) => wait.for),
    ['backup'],
  );
  assert.match(waits[0]?.message ?? '', /needs a verified full backup of the last 26 hours/);
  assert.ok(course.isAtRest);
});

test('is a refusal when the operator refuses, in its words', () => {
  const course = preview(serving, (spec) => {
    spec.autoscaling = { minReplicas: 9, maxReplicas: 3 };
  });
  assert.match(course.refused[0] ?? '', /spec.autoscaling.minReplicas \(9\) is above maxReplicas/);
  assert.equal(course.steps, []);
});

test('is a wait while the environment is paused', () => {
  const course = preview(serving, (spec) => {
    spec.paused = true;
    spec.release.image = 'api:2';
  });
  assert.equal(
    course.steps.map(({ waits, writes }) => [waits?.for, writes.length]),
    [['pause', 0]],
  );
});

test('of a release on its way is the rest of the way', async () => {
  const world = new World(serving).release('api:2');
  await world.until(() => world.status.candidate?.weight === 10);
  const course = preview(world, () => {});
  assert.equal(shares(course.steps.map(({ weights }) => weights)).at(-1), '2: 100');
  assert.ok(course.isAtRest);
  const other = preview(world, (spec) => {
    spec.release.image = 'api:3';
  });
  assert.match(other.steps[0]?.says.join() ?? '', /api:2 is withdrawn: a newer release was asked for/);
});

test('comes with the moments: pods, pauses and the delay of the old release', () => {
  const course = preview(serving, EDITS['a canary'] as Edit);
  const at = (text: RegExp) => course.steps.find(({ says }) => text.test(says.join()))?.afterMs;
  const paused = at(/watched for 10s/) ?? 0;
  // The Job, a pod, and the moment that a gateway is given.
  assert.is(paused, ASSUMED.jobMs + ASSUMED.podStartMs + 1_000);
  assert.is(at(/weight 100 %/), paused + 10_000);
  assert.is(course.endsAfterMs, (at(/gets all requests/) ?? 0) + 5_000);
});

test('what the cluster has no resource for is not among the writes', async () => {
  const world = new World().lack('ServiceMonitor').create();
  await world.rest();
  const written = (lacking: string[]) =>
    preview(world, EDITS['a canary'] as Edit, lacking).steps.flatMap(({ writes }) =>
      writes.map(({ kind }) => kind),
    );
  assert.ok(written([]).includes('ServiceMonitor'));
  assert.not.ok(written(['ServiceMonitor']).includes('ServiceMonitor'));
});

test('without a gateway it tells the shares that pods give, and comes to its end', async () => {
  const spec = { ...QUICK, replicas: 2, routing: { mode: 'service' as const } };
  const world = new World().lack('HTTPRoute', 'Gateway').create(spec);
  await world.rest();
  const course = preview(world, (wanted) => {
    wanted.release.image = 'api:2';
  });
  assert.ok(course.isAtRest, course.summary);
  assert.equal(shares(course.steps.map(({ weights }) => weights)), ['1: 100', '1: 67, 2: 33', '2: 100']);
});

test.run();
