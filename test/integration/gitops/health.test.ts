import { equal, match, ok } from 'uvu/assert';
import { customResourceDefinitions, type Schema } from '../../../operator/api/crd.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { suite } from '../../harness/suite.ts';
import { refused } from '../../unit/environment/api-server.ts';
import { World } from '../../unit/environment/world.ts';
import { judge } from './judge.ts';

const test = suite('What Flux and Argo CD make of an environment');

/** What the API server makes of a missing status. */
function unseen(kind: string): object {
  const definition = customResourceDefinitions().find(({ spec }) => spec.names.kind === kind);
  const schema = definition?.spec.versions[0]?.schema.openAPIV3Schema as Schema;
  return ((schema.properties as Record<string, Schema>).status as Schema).default as object;
}

const now = (world: World) => structuredClone(world.environment) as object;
const serving = new World().create();
const born = { ...now(serving), status: unseen(KIND) };
await serving.settle();
const beginning = now(serving);
await serving.rest();

/** An environment at a moment, as the operator has left it there. */
const MOMENTS: Record<string, () => object | Promise<object>> = {
  'just created': () => born,
  'being deployed for the first time': () => beginning,
  serving: () => now(serving),
  'changed, and not seen by the operator': () => {
    const world = new World(serving).release('api:2');
    return now(world);
  },
  'in a canary': async () => {
    const world = new World(serving).release('api:2');
    await world.until(() => world.status.candidate?.weight === 10);
    return now(world);
  },
  'serving the new release': async () => {
    const world = new World(serving).release('api:2');
    await world.rest();
    return now(world);
  },
  'rolled back': async () => {
    const world = new World(serving).release('api:2', { errorRatio: 0.1 });
    await world.until(() => world.status.rejected !== undefined);
    await world.rest();
    return now(world);
  },
  'trying another release after a rollback': async () => {
    const world = new World(serving).release('api:2', { errorRatio: 0.1 });
    await world.until(() => world.status.rejected !== undefined);
    await world.rest();
    world.release('api:3');
    await world.until(() => world.status.candidate?.weight === 10);
    return now(world);
  },
  'of a spec that contradicts itself': async () => {
    const world = new World(serving);
    world.edit((spec) => {
      spec.autoscaling = { minReplicas: 9 };
    });
    await world.rest();
    return now(world);
  },
  'with a write that is refused': async () => {
    const world = new World(serving);
    world.server.intercept = (_, { kind }) => {
      if (kind === 'Deployment') throw refused(403, 'Forbidden', 'a webhook says no');
    };
    world.edit((spec) => {
      spec.pooler = { replicas: 3 };
    });
    await world.until(() => world.condition('Stalled')?.status === 'True');
    return now(world);
  },
  'whose first migration failed': async () => {
    const world = new World();
    world.cluster.releases.set('api:1', { migrates: false });
    world.create();
    await world.until(() => world.condition('Stalled')?.status === 'True');
    return now(world);
  },
  'without a ready pod of the API': async () => {
    const world = new World(serving);
    world.cluster.releases.set('api:1', { starts: false });
    await world.until(() => world.condition('Ready')?.status === 'False');
    return now(world);
  },
  paused: async () => {
    const world = new World(serving);
    world.edit((spec) => {
      spec.paused = true;
    });
    await world.rest();
    return now(world);
  },
  'paused without a ready pod of the API': async () => {
    const world = new World(serving);
    world.edit((spec) => {
      spec.paused = true;
    });
    world.cluster.releases.set('api:1', { starts: false });
    await world.until(() => world.condition('Ready')?.status === 'False');
    return now(world);
  },
  'being deleted': async () => {
    const world = new World(serving);
    world.server.remove(KIND, 'shop');
    await world.settle();
    return now(world);
  },
};

const EXPECTED: Record<string, [flux: string, argo: string, message: RegExp]> = {
  'just created': ['InProgress', 'Progressing', /not looked at the newest spec/],
  'being deployed for the first time': ['InProgress', 'Progressing', /./],
  serving: ['Current', 'Healthy', /Every component is ready/],
  'changed, and not seen by the operator': ['InProgress', 'Progressing', /not looked at the newest spec/],
  'in a canary': ['InProgress', 'Progressing', /Canary api:2 at 10 %/],
  'serving the new release': ['Current', 'Healthy', /Every component is ready/],
  // What serves is in order, so that kstatus is content: docs/gitops.md says how to make Flux tell.
  'rolled back': ['Current', 'Degraded', /api:2 was rolled back/],
  'trying another release after a rollback': ['InProgress', 'Progressing', /Canary api:3 at 10 %/],
  'of a spec that contradicts itself': ['Failed', 'Degraded', /Nothing is changed until this is mended/],
  'with a write that is refused': ['Failed', 'Degraded', /a webhook says no/],
  'whose first migration failed': ['Failed', 'Degraded', /migration/i],
  'without a ready pod of the API': ['InProgress', 'Progressing', /./],
  paused: ['Current', 'Suspended', /spec.paused is true/],
  'paused without a ready pod of the API': ['InProgress', 'Degraded', /0 of 2 pods/],
  'being deleted': ['Terminating', 'Progressing', /Pending deletion/],
};

/** Where the healthCheckExprs of docs/gitops.md say something else than kstatus. */
const BY_EXPRESSIONS: Record<string, string> = {
  'rolled back': 'Failed',
  // The expressions say nothing of deletions, for which no apply waits.
  'being deleted': 'InProgress',
};

test('the verdict on each moment of its life', async () => {
  const names = Object.keys(MOMENTS);
  const resources: object[] = [];
  // One after the other: a world puts its clock in place of the process's.
  for (const moment of Object.values(MOMENTS)) resources.push(await moment());
  const verdicts = await judge(resources);
  const found = verdicts.map(({ flux, argo }, index) => [names[index], flux, argo]);
  equal(
    found,
    Object.entries(EXPECTED).map(([name, [flux, argo]]) => [name, flux, argo]),
  );
  const byExprs = verdicts.map(({ fluxByExprs }, index) => [names[index], fluxByExprs]);
  equal(
    byExprs,
    Object.entries(EXPECTED).map(([name, [flux]]) => [name, BY_EXPRESSIONS[name] ?? flux]),
  );
  for (const [index, name] of names.entries())
    match(verdicts[index]?.argoMessage ?? '', EXPECTED[name]?.[2] as RegExp);
});

test('the verdict on a backup and a restore', async () => {
  for (const kind of ['CryptoSenseBackup', 'CryptoSenseRestore']) {
    const resource = { apiVersion: API_VERSION, kind, metadata: { name: 'one', generation: 1 } };
    const seen = (type: string, status: string) => ({
      ...resource,
      status: { observedGeneration: 1, conditions: [{ type, status, message: `${type} ${status}` }] },
    });
    const verdicts = await judge([
      { ...resource, status: unseen(kind) },
      seen('Reconciling', 'True'),
      seen('Stalled', 'True'),
      seen('Completed', 'True'),
    ]);
    equal(
      verdicts.map(({ flux, argo }) => [flux, argo]),
      [
        ['InProgress', 'Progressing'],
        ['InProgress', 'Progressing'],
        ['Failed', 'Degraded'],
        ['Current', 'Healthy'],
      ],
    );
  }
});

test('a resource without any status would be taken for done, which is why the types have a default for it', async () => {
  const { status: _, ...bare } = born;
  const [verdict] = await judge([bare]);
  equal(verdict?.flux, 'Current');
  ok('observedGeneration' in unseen(KIND));
});

test.run();
