import * as assert from 'uvu/assert';
import { effectiveSpec } from '../../../operator/api/effective-spec.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { type Environment, labels } from '../../../operator/api/resolved.ts';
import type { AnalysisRun } from '../../../operator/api/status.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { Measurements } from '../../../operator/environment/measure/measurements.ts';
import type { Live } from '../../../operator/environment/snapshot.ts';
import { silentLog } from '../../../operator/kube/log.ts';
import type { Measured } from '../../../operator/rollout/analysis/measured.ts';
import { BACKGROUND, policyOf } from '../../../operator/rollout/analysis/policy.ts';
import { beginRun, fold } from '../../../operator/rollout/analysis/run.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('measurements');
const KEY = 'market/shop';
const START = Date.parse('2026-01-05T10:00:00Z');
const SPEC: EnvironmentSpec = {
  tier: 'local',
  release: { image: 'api:2' },
  rollout: {
    canary: {
      analysis: {
        preset: 'none',
        interval: '5s',
        metrics: [{ name: 'errors', pods: { measure: 'errors' }, comparedWithStable: {} }],
      },
    },
  },
};

/** Pods with counters, an environment whose status follows what was measured, and a clock. */
class Bench {
  now = START;
  woken = 0;
  asked = 0;
  weight = 10;
  run: AnalysisRun = beginRun(BACKGROUND, new Date(START).toISOString());
  /** By address: revision, counters, birth; or why it does not answer. */
  readonly pods = new Map<
    string,
    { revision: string; requests: number; errors: number; bornAt: number; isAway?: boolean }
  >();
  measurements = this.#process();

  #process(): Measurements {
    return new Measurements({
      caches: { of: () => this.#live() },
      client: { request: () => Promise.reject(new Error('nothing is read')) },
      log: silentLog,
      wake: () => {
        this.woken += 1;
      },
      ask: async (url) => {
        this.asked += 1;
        const pod = this.pods.get(new URL(url).hostname);
        if (!pod || pod.isAway) throw new Error('connection refused');
        const line = (status: number, value: number) =>
          `http_requests_total{method="GET",route="/",status="${status}"} ${value}`;
        return `${line(200, pod.requests - pod.errors)}\n${line(500, pod.errors)}`;
      },
    });
  }

  restart(): void {
    this.measurements = this.#process();
  }

  pod(address: string, revision: string, requests = 0, errors = 0, bornAt = START - 60_000): void {
    this.pods.set(address, { revision, requests, errors, bornAt });
  }

  answer(address: string, requests: number, errors: number): void {
    const pod = this.pods.get(address);
    assert.ok(pod);
    pod.requests += requests;
    pod.errors += errors;
  }

  get environment(): Environment {
    const stable = { revision: 'a', number: 1, image: 'api:1' };
    const candidate = {
      ...{ revision: 'b', number: 2, image: 'api:2', step: 1, steps: 3, weight: this.weight },
      ...{ startedAt: this.run.startedAt, replicas: 1, readyReplicas: 1, analyses: [this.run] },
    };
    const metadata = { name: 'shop', namespace: 'market', uid: '1', resourceVersion: '1', generation: 1 };
    return { apiVersion: API_VERSION, kind: KIND, metadata, spec: SPEC, status: { stable, candidate } };
  }

  /** A look of the operator, whose status then has what was handed over. */
  async look(): Promise<readonly Measured[]> {
    this.measurements.look(KEY, this.environment, this.now);
    await this.measurements.settled();
    const measured = this.measurements.look(KEY, this.environment, this.now);
    this.keep(measured);
    return measured;
  }

  keep(measured: readonly Measured[]): void {
    const policy = policyOf(effectiveSpec(SPEC).rollout, BACKGROUND);
    assert.ok(policy);
    this.run = measured.reduce((run, one) => fold(run, policy, one), this.run);
  }

  get sample() {
    const { requests, bad, stableRequests, stableBad } = this.run.metrics[0]?.sample ?? {
      requests: -1,
      bad: -1,
    };
    return { requests, bad, stableRequests, stableBad };
  }

  #live(): Live[] {
    return [...this.pods].map(([podIP, { revision, bornAt }]) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: podIP,
        uid: podIP,
        resourceVersion: '1',
        labels: { ...labels('shop', 'api'), 'cryptosense.io/revision': revision },
        creationTimestamp: new Date(bornAt).toISOString(),
      },
      status: { podIP },
    }));
  }
}

/** A candidate and a stable pod that was there for long, looked at once. */
async function begun(): Promise<Bench> {
  const bench = new Bench();
  bench.pod('10.0.0.1', 'a', 5_000, 500);
  bench.pod('10.0.0.2', 'b');
  await bench.look();
  return bench;
}

test('N3 of the stable release only what it answered since the analysis began counts, as of the candidate', async () => {
  const bench = await begun();
  assert.equal(bench.sample, { requests: 0, bad: 0, stableRequests: 0, stableBad: 0 });
  bench.answer('10.0.0.1', 900, 9);
  bench.answer('10.0.0.2', 100, 3);
  bench.now += 5_000;
  await bench.look();
  assert.equal(bench.sample, { requests: 100, bad: 3, stableRequests: 900, stableBad: 9 });
});

test('a pod that begins anew takes nothing away from what was counted', async () => {
  const bench = await begun();
  bench.answer('10.0.0.1', 900, 9);
  bench.now += 5_000;
  await bench.look();
  bench.pod('10.0.0.1', 'a', 40, 4);
  bench.now += 5_000;
  await bench.look();
  assert.equal([bench.sample.stableRequests, bench.sample.stableBad], [940, 13]);
});

test('a pod that is born during the analysis counts from its birth, one that only comes into sight from then on', async () => {
  const bench = await begun();
  bench.pod('10.0.0.3', 'a', 70, 7, bench.now + 3_000);
  bench.pod('10.0.0.4', 'a', 8_000, 800);
  bench.now += 5_000;
  await bench.look();
  assert.equal([bench.sample.stableRequests, bench.sample.stableBad], [70, 7]);
});

test('what a pod answered while it could not be asked is counted at the next look', async () => {
  const bench = await begun();
  bench.pod('10.0.0.5', 'b', 0, 0, START + 1);
  const away = bench.pods.get('10.0.0.2');
  assert.ok(away);
  away.isAway = true;
  bench.answer('10.0.0.2', 50, 5);
  bench.now += 5_000;
  await bench.look();
  assert.is(bench.sample.requests, 0);
  away.isAway = false;
  bench.now += 5_000;
  await bench.look();
  assert.equal([bench.sample.requests, bench.sample.bad], [50, 5]);
});

test('an operator that was started anew counts nothing twice', async () => {
  const bench = await begun();
  bench.answer('10.0.0.1', 900, 9);
  bench.answer('10.0.0.2', 100, 3);
  bench.now += 5_000;
  await bench.look();
  bench.restart();
  // It looks at once, to know from where to count on.
  bench.now += 1_000;
  assert.equal(await bench.look(), []);
  bench.answer('10.0.0.1', 90, 1);
  bench.answer('10.0.0.2', 10, 1);
  bench.now += 5_000;
  await bench.look();
  assert.equal(bench.sample, { requests: 110, bad: 4, stableRequests: 990, stableBad: 10 });
});

test('an answer is handed over until status has it, and is not asked for again meanwhile', async () => {
  const bench = await begun();
  bench.answer('10.0.0.2', 100, 3);
  bench.now += 5_000;
  bench.measurements.look(KEY, bench.environment, bench.now);
  await bench.measurements.settled();
  const { asked } = bench;
  const first = bench.measurements.look(KEY, bench.environment, bench.now);
  const again = bench.measurements.look(KEY, bench.environment, bench.now + 60_000);
  assert.is(first.length, 1);
  assert.equal(again, first);
  assert.is(bench.asked, asked);
  bench.keep(first);
  assert.equal(bench.measurements.look(KEY, bench.environment, bench.now), []);
});

test('no look waits for a pod, and the environment is woken when the answer is there', async () => {
  const bench = new Bench();
  bench.pod('10.0.0.1', 'a');
  bench.pod('10.0.0.2', 'b');
  assert.equal(bench.measurements.look(KEY, bench.environment, bench.now), []);
  assert.is(bench.woken, 0);
  await bench.measurements.settled();
  assert.is(bench.woken, 1);
});

test('N4 nothing is asked before its interval is over, nor of a candidate without requests', async () => {
  const bench = await begun();
  const { asked } = bench;
  bench.now += 4_999;
  await bench.look();
  bench.now += 10_000;
  bench.weight = 0;
  await bench.look();
  assert.is(bench.asked, asked);
});

test('pods that cannot be asked are an error that names them', async () => {
  const bench = new Bench();
  bench.pod('10.0.0.2', 'b');
  const [measured] = await bench.look();
  assert.equal(measured?.outcome, {
    type: 'problem',
    why: 'the pods of the stable release could not be measured: it has no pods',
  });
});

test.run();
