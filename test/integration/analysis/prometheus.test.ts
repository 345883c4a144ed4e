import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { equal, is, match, ok } from 'uvu/assert';
import { effectiveSpec } from '../../../operator/api/effective-spec.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import type { Environment } from '../../../operator/api/resolved.ts';
import type { AnalysisRun } from '../../../operator/api/status.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { Measurements } from '../../../operator/environment/measure/measurements.ts';
import { askPrometheus } from '../../../operator/environment/measure/prometheus.ts';
import { silentLog } from '../../../operator/kube/log.ts';
import { BACKGROUND, policyOf } from '../../../operator/rollout/analysis/policy.ts';
import { beginRun, fold } from '../../../operator/rollout/analysis/run.ts';
import { suite } from '../../harness/suite.ts';
import { type Prometheus, startPrometheus } from './prometheus-server.ts';

const test = suite('Analysis by a real Prometheus');

/** Pages of two releases: the candidate answers a tenth of its requests with errors. */
const pages: Record<string, string> = {
  '/b/metrics':
    'http_requests_total{status="200"} 900\nhttp_requests_total{status="500"} 100\nnothing_ratio NaN\n',
  '/a/metrics': 'http_requests_total{status="200"} 1000\n',
};
const servers = Object.values(pages).map((page) =>
  createServer((_request, response) =>
    response.setHeader('content-type', 'text/plain; version=0.0.4').end(page),
  ),
);
let prometheus: Prometheus;

test.before(async () => {
  const addresses = await Promise.all(
    servers.map(async (server) => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return `127.0.0.1:${(server.address() as AddressInfo).port}`;
    }),
  );
  const [candidate = '', stable = ''] = addresses;
  prometheus = await startPrometheus([
    { address: candidate, labels: { cryptosense_io_revision: 'b' } },
    { address: stable, labels: { cryptosense_io_revision: 'a' } },
  ]);
});

test.after(async () => {
  await prometheus?.stop();
  for (const server of servers) server.close();
});

const ask = (query: string) => askPrometheus(prometheus.address, query, { timeoutMs: 5_000 });
const refusal = (query: string) =>
  ask(query).then(
    () => 'it answered',
    (error: Error) => error.message,
  );
const ratio = (revision: string) =>
  `sum(http_requests_total{status=~"5..",cryptosense_io_revision="${revision}"}) / sum(http_requests_total{cryptosense_io_revision="${revision}"})`;

test('N1 any PromQL: one number is a value, of a vector or a scalar', async () => {
  equal(await ask(ratio('b')), { type: 'value', value: 0.1 });
  equal(await ask('scalar(vector(3))'), { type: 'value', value: 3 });
});

test('N1 a query without a result, with several, or with NaN is inconclusive, never success or failure by chance', async () => {
  for (const query of ['no_such_metric', 'http_requests_total', 'nothing_ratio', ratio('a'), '1 / vector(0)'])
    is((await ask(query)).type, 'nothing', query);
});

test('N2 a query that Prometheus refuses is an error with its words, and a range is no number', async () => {
  match(await refusal('sum('), /answered 400: invalid parameter "query".*parse error/);
  match(await refusal('http_requests_total[1m]'), /gives a matrix: it has to give one number/);
});

/** The candidate after one look with this metric beside its steps. */
async function judged(max: string): Promise<AnalysisRun> {
  const spec: EnvironmentSpec = {
    tier: 'local',
    release: { image: 'api:2' },
    rollout: {
      canary: {
        analysis: {
          preset: 'none',
          metrics: [
            { name: 'ratio', prometheus: { address: prometheus.address, query: ratio('{{revision}}') }, max },
          ],
        },
      },
    },
  };
  const startedAt = new Date().toISOString();
  const run = beginRun(BACKGROUND, startedAt);
  const environment: Environment = {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: 'shop', namespace: 'market', uid: '1', resourceVersion: '1', generation: 1 },
    spec,
    status: {
      stable: { revision: 'a', number: 1, image: 'api:1' },
      candidate: {
        ...{ revision: 'b', number: 2, image: 'api:2', step: 1, steps: 3, weight: 10 },
        ...{ startedAt, replicas: 1, readyReplicas: 1, analyses: [run] },
      },
    },
  };
  const measurements = new Measurements({
    caches: { of: () => [] },
    client: { request: () => Promise.reject(new Error('nothing is read')) },
    log: silentLog,
    wake: () => {},
  });
  measurements.look('market/shop', environment, Date.now());
  await measurements.settled();
  const policy = policyOf(effectiveSpec(spec).rollout, BACKGROUND);
  ok(policy);
  return measurements
    .look('market/shop', environment, Date.now())
    .reduce((folded, measured) => fold(folded, policy, measured), run);
}

test('N1 the candidate is judged by its own series, named by a placeholder', async () => {
  const [bad, good] = [await judged('0.05'), await judged('0.2')];
  is(bad.metrics[0]?.verdict, 'fail');
  match(bad.metrics[0]?.message ?? '', /0.1 \(at most 0.05 passes\)/);
  is(good.metrics[0]?.verdict, 'pass');
});

test.run();
