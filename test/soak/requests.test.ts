// A million requests through the gateway while releases of every strategy come and go; docs/soak.md keeps what came of it.
import * as assert from 'uvu/assert';
import { Load } from '../../local/demo/load.ts';
import { isSettled } from '../../local/demo/watch.ts';
import type { EnvironmentSpec } from '../../operator/api/environment.ts';
import type { Environment } from '../../operator/api/resolved.ts';
import { gatewayUrl, kubectl, TestEnvironment } from '../e2e/cluster.ts';
import { suite } from '../harness/suite.ts';

const REQUESTS = Number(process.env.SOAK_REQUESTS ?? 1_000_000);
const PER_SECOND = 1_000;
const RELEASE_MS = 240_000;

const test = suite('A million requests during releases');
const environment = new TestEnvironment('soak-requests');
const { namespace, name, host, watch } = environment;
const GOOD = ['cryptosense-api:1.1.0', 'cryptosense-api:1.0.0'] as const;
const FAULTY = 'cryptosense-api:1.2.0-faulty';
let load: Load;

type Rollout = NonNullable<EnvironmentSpec['rollout']>;

/** A return is a release like any other here. */
const common: Rollout = { scaleDownDelay: '5s', rollbackWindow: '0s', progressDeadline: '2m' };
const STRATEGIES: Record<string, Rollout> = {
  rolling: { ...common, strategy: 'rolling', rolling: { maxSurge: 1, maxUnavailable: 0 } },
  blueGreen: { ...common, strategy: 'blueGreen', blueGreen: { autoPromote: true, autoPromoteDelay: '2s' } },
  canary: {
    ...common,
    strategy: 'canary',
    canary: { steps: [{ weight: 10 }, { pause: '10s' }, { weight: 50 }, { pause: '10s' }, { weight: 100 }] },
  },
};

test.before(async () => {
  await environment.create({ predictor: { enabled: false } });
  await watch.until('the first release', isSettled, 240_000);
  load = new Load(gatewayUrl, {
    paths: ['/api/prices/BTC', '/api/prices/ETH'],
    perSecond: PER_SECOND,
    connections: 32,
    host,
  });
});
test.after(async () => {
  await load?.stop();
  await environment.remove();
});

async function release(rollout: Rollout, image: string): Promise<void> {
  const spec = JSON.stringify({ spec: { rollout, release: { image } } });
  await kubectl(['-n', namespace, 'patch', 'cse', name, '--type', 'merge', '-p', spec]);
}

async function until(what: string, reached: (e: Environment) => boolean): Promise<void> {
  try {
    await watch.until(what, (e) => reached(e) && isSettled(e), RELEASE_MS);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${await environment.describe()}`);
  }
}

test('no request fails but those that a bad release itself answers', async () => {
  const done: Record<string, number> = {};
  let answeredBadly = 0;
  const began = Date.now();
  for (let round = 0; load.counters.requests < REQUESTS; round++) {
    const image = GOOD[round % GOOD.length] ?? GOOD[0];
    const [strategy = '', rollout = common] =
      Object.entries(STRATEGIES)[round % Object.keys(STRATEGIES).length] ?? [];
    const beforeGood = load.counters;
    await release(rollout, image);
    await until(`${strategy} of ${image}`, (e) => e.status?.stable?.image === image);
    assert.equal(load.since(beforeGood).failures, {}, `round ${round}: ${strategy} of ${image}`);
    done[strategy] = (done[strategy] ?? 0) + 1;
    if (strategy !== 'canary') continue;
    const beforeBad = load.counters;
    await release(rollout, FAULTY);
    await until('the return', (e) => e.status?.rejected?.image === FAULTY);
    const { failures } = load.since(beforeBad);
    assert.equal(
      Object.keys(failures).filter((kind) => kind !== '500'),
      [],
      `round ${round}: a bad release: ${JSON.stringify(failures)}`,
    );
    answeredBadly += failures['500'] ?? 0;
    done.rolledBack = (done.rolledBack ?? 0) + 1;
  }
  const minutes = ((Date.now() - began) / 60_000).toFixed(0);
  const { requests } = load.counters;
  console.log(
    `\nnote: ${requests} requests in ${minutes} minutes, ${answeredBadly} answered 500 by bad releases; ${JSON.stringify(done)}`,
  );
});

test.run();
