import * as assert from 'uvu/assert';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { suite } from '../../harness/suite.ts';
import { putBackup } from './backup.ts';
import { askForRotation, logins, putCredentials, sayLogins } from './logins.ts';
import { difference, outcome } from './outcome.ts';
import { World } from './world.ts';

const test = suite('operator killed after a write');

const serving = new World().create();
await serving.rest();

const pauses = [{ weight: 50 }, { pause: 'untilPromoted' }, { weight: 100 }];

/** A world that serves and releases in this way. */
function releasing(rollout: NonNullable<EnvironmentSpec['rollout']>): World {
  const world = new World(serving);
  world.edit((spec) => {
    spec.rollout = { ...spec.rollout, ...rollout };
  });
  return world;
}

/** A canary with dynamicStableScale that waits for a person at half of the requests. */
const waiting = releasing({ canary: { steps: pauses, dynamicStableScale: true } }).release('api:2');
await waiting.until(() => /until somebody promotes it/.test(waiting.status.summary ?? ''));

/** What happens to a world, each from its beginning to rest. */
const stories: {
  name: string;
  begin: () => World;
  ends: (world: World) => boolean;
  rests?: (world: World) => Promise<void>;
}[] = [
  {
    name: 'creating an environment',
    begin: () => new World().create(),
    ends: ({ status }) => status.stable?.image === 'api:1',
  },
  {
    name: 'a good release',
    begin: () => new World(serving).release('api:2'),
    ends: ({ status }) => status.stable?.image === 'api:2' && !status.rejected,
  },
  {
    name: 'a release that answers 5xx and is rolled back',
    begin: () => new World(serving).release('api:2', { errorRatio: 0.3 }),
    ends: ({ status }) => status.stable?.image === 'api:1' && status.rejected?.reason === 'AnalysisFailed',
  },
  {
    name: 'a release whose pods never start',
    begin: () => new World(serving).release('api:2', { starts: false }),
    ends: ({ status }) => status.rejected?.reason === 'ProgressDeadlineExceeded',
  },
  {
    name: 'a release whose migration fails',
    begin: () => new World(serving).release('api:2', { migrates: false }),
    ends: ({ status }) => status.rejected?.reason === 'MigrationFailed',
  },
  {
    name: 'a blue-green release',
    begin: () =>
      releasing({ strategy: 'blueGreen', blueGreen: { previewReplicas: 1, autoPromoteDelay: '3s' } }).release(
        'api:2',
      ),
    ends: ({ status, server }) =>
      status.stable?.image === 'api:2' && server.get('Service', 'shop-api-preview') !== undefined,
  },
  {
    name: 'a rolling update',
    begin: () => releasing({ strategy: 'rolling' }).release('api:2'),
    ends: ({ status }) => status.stable?.image === 'api:2',
  },
  {
    name: 'a rolling update whose pods never start',
    begin: () => releasing({ strategy: 'rolling' }).release('api:2', { starts: false }),
    ends: ({ status }) => status.rejected?.reason === 'ProgressDeadlineExceeded',
  },
  {
    name: 'a promotion by command',
    begin: () => new World(waiting).command('promote', 2),
    ends: ({ status }) => status.stable?.image === 'api:2',
  },
  {
    name: 'an abort by command',
    begin: () => new World(waiting).command('abort', 2),
    ends: ({ status }) => status.stable?.image === 'api:1' && status.rejected?.reason === 'Aborted',
  },
  {
    name: 'a restart by command',
    begin: () => new World(serving).command('restart', 1),
    ends: ({ status, server }) =>
      status.restarts?.length === 1 && /restarted-at/.test(JSON.stringify(server.list('Deployment'))),
  },
  {
    name: 'a release with migrations, from its gate to its contract',
    begin: () => {
      const world = new World(serving);
      world.edit((spec) => {
        spec.release.migration = { gate: 'verified' };
        spec.rollout = { ...spec.rollout, rollbackWindow: '20s' };
      });
      putBackup(world);
      const migrations = { expand: ['0001-a', '0002-b'], contract: ['0003-c'] };
      world.cluster.ledger.applied.push('0001-a');
      return world.release('api:2', { migrations });
    },
    ends: ({ status, cluster }) =>
      status.stable?.image === 'api:2' && cluster.ledger.applied.join(' ') === '0001-a 0002-b 0003-c',
  },
  {
    name: 'a release that cannot be undone and fails',
    begin: () => {
      const world = new World(serving);
      const migrations = { expand: ['0001-a'], irreversible: ['0001-a'] };
      return world.release('api:2', { errorRatio: 0.3, migrations });
    },
    ends: ({ status }) => status.candidate?.frozen !== undefined && status.candidate.weight === 10,
  },
  {
    name: 'deleting an environment',
    begin: () => {
      const world = new World(serving);
      world.server.remove('CryptoSenseEnvironment', 'shop');
      return world;
    },
    ends: ({ environment }) => environment === undefined,
  },
  {
    name: 'growing a volume',
    begin: () => {
      const world = new World(serving);
      world.edit((spec) => {
        spec.database = { storage: '3Gi' };
      });
      return world;
    },
    ends: ({ server }) =>
      ['PersistentVolumeClaim/data-shop-database-0', 'StatefulSet/shop-database'].every((key) =>
        /"storage":"3Gi"/.test(JSON.stringify(server.objects.get(key)?.spec)),
      ),
  },
  {
    name: 'changing a parameter of PostgreSQL',
    begin: () => {
      const world = new World(serving);
      world.edit((spec) => {
        spec.database = { parameters: { work_mem: '2MB' } };
      });
      return world;
    },
    ends: ({ server }) =>
      /work_mem = '2MB'/.test(JSON.stringify(server.get('ConfigMap', 'shop-database')?.data)),
  },
  {
    name: "rotating the application's login",
    begin: () => {
      const world = new World(serving);
      putCredentials(world);
      sayLogins(world, logins(world).state);
      askForRotation(world, 'november');
      return world;
    },
    rests: async (world) => {
      await world.through(() => world.status.database?.login?.rotatedAt !== undefined);
      await world.rest();
    },
    ends: (world) =>
      world.status.database?.login?.rotatedAt !== undefined &&
      JSON.stringify(logins(world)) === '{"state":"november.retired","names":["cryptosense_a"]}',
  },
];

let enumerated = 0;
for (const { name, begin, ends, rests = (world: World) => world.rest() } of stories) {
  test(`A4 after each write of ${name}, a new process ends with the same objects`, async () => {
    const undisturbed = begin();
    await rests(undisturbed);
    assert.ok(ends(undisturbed), undisturbed.environment?.status?.summary);
    assert.equal(undisturbed.cluster.broken, []);
    const expected = outcome(undisturbed);
    const { writes } = undisturbed.server;
    for (let n = 1; n <= writes.length; n++) {
      const world = begin();
      world.server.dieAfter = n;
      await rests(world);
      const at = `killed after write ${n}, ${writes[n - 1]}`;
      assert.is(world.server.dieAfter, Number.POSITIVE_INFINITY, `was not ${at}`);
      assert.is(difference(outcome(world), expected), '', at);
      assert.equal([world.cluster.broken, world.failures], [[], []], at);
      assert.equal(world.cluster.ledger.applied, undisturbed.cluster.ledger.applied, at);
    }
    enumerated += writes.length;
    console.log(`\nnote: ${name}: killed after each of ${writes.length} writes`);
  });
}

test.after(() => console.log(`\nnote: ${enumerated} writes in all after which the operator was killed`));

test.run();
