import * as assert from 'uvu/assert';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import type { Environment } from '../../../operator/api/resolved.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { create, mergePatch, remove } from '../../../operator/kube/apply.ts';
import { silentLog } from '../../../operator/kube/log.ts';
import { Reflector } from '../../../operator/kube/reflector.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { type SimulatedCluster, startSimulatedCluster } from '../../simulated/cluster.ts';
import { eventually } from '../processes.ts';
import { difference, finalStates } from './final-state.ts';
import { type Death, type Life, OperatorInProcess } from './process.ts';

const test = suite('operator killed at a write to a real API server');

/** Nothing here waits for anybody but the cluster. */
const SPEC: EnvironmentSpec = {
  tier: 'local',
  replicas: 1,
  release: { image: 'api:1' },
  rollout: {
    canary: { steps: [{ weight: 50 }, { pause: '1s' }, { weight: 100 }], analysis: { interval: '1s' } },
    progressDeadline: '5m',
    scaleDownDelay: '1s',
  },
};

interface Stage {
  name: string;
  begin(namespace: string): Promise<unknown>;
  /** Whether it has ended as it should; `undefined` is an environment that is gone. */
  ended(environment: Environment | undefined): boolean;
  /** The pods of the candidate answer 5xx. */
  isBad?: true;
}

const edit = (namespace: string, spec: object) =>
  mergePatch(client, RESOURCES.environments, namespace, 'shop', { spec });
const serves = (image: string) => (environment: Environment | undefined) =>
  environment?.status?.stable?.image === image && isAtRest(environment);

const STAGES: Stage[] = [
  {
    name: 'creating',
    begin: async (namespace) => {
      await client.request({
        method: 'POST',
        path: '/api/v1/namespaces',
        body: { metadata: { name: namespace } },
      });
      const manifest = {
        apiVersion: API_VERSION,
        kind: KIND,
        metadata: { name: 'shop', namespace },
        spec: SPEC,
      };
      await create(client, RESOURCES.environments, manifest);
    },
    ended: serves('api:1'),
  },
  {
    name: 'releasing',
    begin: (namespace) => edit(namespace, { release: { image: 'api:2' } }),
    ended: serves('api:2'),
  },
  {
    name: 'changing components',
    begin: (namespace) =>
      edit(namespace, {
        pooler: { replicas: 2 },
        cache: { resources: { memory: '96Mi' } },
        routing: { hostnames: ['shop.example.com'] },
      }),
    ended: serves('api:2'),
  },
  {
    name: 'rolling back',
    begin: (namespace) => edit(namespace, { release: { image: 'api:3' } }),
    ended: (environment) => environment?.status?.rejected?.image === 'api:3' && serves('api:2')(environment),
    isBad: true,
  },
  {
    name: 'deleting',
    begin: (namespace) => remove(client, RESOURCES.environments, namespace, 'shop'),
    ended: (environment) => environment === undefined,
  },
];

function isAtRest({ status, metadata }: Environment): boolean {
  const is = (type: string) => status?.conditions?.find((condition) => condition.type === type)?.status;
  return (
    status?.observedGeneration === metadata.generation &&
    is('Ready') === 'True' &&
    is('Reconciling') === 'False' &&
    !status.candidate &&
    !status.retired?.length
  );
}

let cluster: SimulatedCluster;
let client: KubeClient;
let isBad = false;
const { fetch } = globalThis;

test.before(async () => {
  cluster = await startSimulatedCluster();
  client = cluster.client();
  // Nothing listens at the addresses of simulated pods.
  globalThis.fetch = async () =>
    new Response(
      [
        `http_requests_total{route="/api/prices/:symbol",status="${isBad ? 500 : 200}"} 1000`,
        'http_request_duration_seconds_bucket{le="1",route="/api/prices/:symbol"} 1000',
        'http_request_duration_seconds_count{route="/api/prices/:symbol"} 1000\n',
      ].join('\n'),
    );
});
test.after(async () => {
  globalThis.fetch = fetch;
  await client?.close();
  await cluster?.stop();
});

type State = Map<string, string>;

/**
 * Brings all lives through one stage with two operators, of which one goes on where the other dies. Each life has to end
 * with the expected objects. Returns those of the first.
 */
async function pass(stage: Stage, lives: Life[], expected?: State): Promise<State> {
  isBad = stage.isBad ?? false;
  for (const life of lives) Object.assign(life, { writes: [], deaths: [], owner: 0 });
  const byNamespace = new Map(lives.map((life) => [life.namespace, life]));
  const owned = (owner: number) => (namespace: string) => {
    const life = byNamespace.get(namespace);
    return life?.owner === owner ? life : undefined;
  };
  const onDeath = (life: Life) => {
    life.owner = 1 - life.owner;
    operators[life.owner]?.wake(life);
  };
  const operators = [0, 1].map((owner) => new OperatorInProcess(cluster, owned(owner), onDeath));
  await Promise.all(operators.map((operator) => operator.start()));
  try {
    await Promise.all(lives.map(({ namespace }) => stage.begin(namespace)));
    await ends(stage, lives, expected ? 150_000 : 60_000);
    let states = await finalStates(client);
    const wrong = () =>
      lives.flatMap(({ namespace, deaths }) => {
        const found = difference(states.get(namespace) ?? new Map(), expected ?? new Map());
        return found ? [`${namespace}, killed at ${deaths.join(', ')}: ${found}`] : [];
      });
    if (expected && wrong().length > 0) {
      // What the cluster's own controllers clear up may take a moment longer than the operator.
      await eventually('', async () => {
        states = await finalStates(client);
        return wrong().length === 0;
      }).catch(() => {});
      assert.equal(wrong().slice(0, 3), [], `${stage.name}: ${wrong().length} ended differently`);
    }
    return states.get(lives[0]?.namespace ?? '') ?? new Map();
  } finally {
    await Promise.all(operators.map((operator) => operator.stop()));
  }
}

/** Resolves when every environment is as the stage is to end. */
async function ends(stage: Stage, lives: Life[], deadlineMs: number): Promise<void> {
  const waiting = new Set(lives.map(({ namespace }) => namespace));
  const watching = new AbortController();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const environments = new Reflector({
    client,
    resource: RESOURCES.environments,
    log: silentLog,
    onChange: (event, object) => {
      const { namespace = '' } = object.metadata;
      if (stage.ended(event === 'deleted' ? undefined : (object as unknown as Environment)))
        waiting.delete(namespace);
      if (waiting.size === 0) resolve();
    },
  });
  const deadline = setTimeout(() => {
    const stuck = lives.find(({ namespace }) => waiting.has(namespace));
    const environment = environments.store.get(stuck?.namespace, 'shop');
    const what = `${JSON.stringify(stuck)} ${JSON.stringify(environment?.status)}`;
    reject(new Error(`After ${deadlineMs} ms ${waiting.size} have not ended ${stage.name}: ${what}`));
  }, deadlineMs);
  void environments.start(watching.signal);
  try {
    await environments.synced;
    // What ended before the watch began is not told.
    for (const namespace of waiting)
      if (stage.ended(environments.store.get(namespace, 'shop') as Environment | undefined))
        waiting.delete(namespace);
    if (waiting.size === 0) return;
    await promise;
  } finally {
    clearTimeout(deadline);
    watching.abort();
  }
}

/** So many lives share the deaths of a stage: the fewer, the more often each dies. */
const LIVES = 8;

function life(namespace: string, death: Death): Life {
  return { namespace, death, writes: [], deadly: new Set(), deaths: [], owner: 0 };
}

test('A4 wherever it dies, and whether it saw the answer or not, a new process ends with the same objects', async () => {
  const pilot = life('undisturbed', 'answered');
  const expected: State[] = [];
  const enumerated: string[][] = [];
  for (const stage of STAGES) {
    expected.push(await pass(stage, [pilot]));
    enumerated.push(pilot.writes);
  }
  const lives = (['answered', 'cut off'] as const).map((death) =>
    Array.from({ length: LIVES }, (_, i) => life(`${death.replace(' ', '-')}-${i}`, death)),
  );

  let all = 0;
  for (const [index, stage] of STAGES.entries()) {
    const writes = enumerated[index] ?? [];
    const started = Date.now();
    for (const same of lives)
      for (const [i, one] of same.entries()) one.deadly = new Set(writes.filter((_, n) => n % LIVES === i));
    await pass(stage, lives.flat(), expected[index]);
    const deaths = lives.flat().flatMap((one) => one.deaths).length;
    all += deaths;
    const seconds = Math.round((Date.now() - started) / 1000);
    console.log(
      `\nnote: ${stage.name}: ${writes.length} writes, killed at one ${deaths} times (${seconds} s)`,
    );
    // How often a status is written depends on what is seen when; that each object is written once does not. Later on each
    // new process makes sure of the Secrets, unless a deletion is quicker.
    const isByChance = (write: string) => index > 0 && write.startsWith('POST secrets/');
    const first = writes.filter((write) => write.endsWith(' #1') && !isByChance(write));
    for (const same of lives) {
      const died = new Set(same.flatMap((one) => one.deaths));
      assert.equal(
        first.filter((write) => !died.has(write)),
        [],
        `${stage.name}, ${same[0]?.death}: nobody died at these`,
      );
    }
  }
  console.log(
    `note: ${enumerated.flat().length} writes in a life; the operator was killed ${all} times at one of them`,
  );
});

test.run();
