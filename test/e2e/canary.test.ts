// Not fetch: it drops the Host header, which picks the route.
import { request } from 'undici';
import * as assert from 'uvu/assert';
import { Load } from '../../local/demo/load.ts';
import { isSettled } from '../../local/demo/watch.ts';
import { suite } from '../harness/suite.ts';
import { bundleOf } from '../integration/cli/bundle.ts';
import { eventually } from '../integration/processes.ts';
import { cryptosense, gatewayUrl, kubectl, TestEnvironment } from './cluster.ts';

const test = suite('canary in a cluster');
const environment = new TestEnvironment('canary');
const { namespace, name, host, watch } = environment;
const paths = ['/api/prices/BTC', '/api/prices/ETH', '/api/prices/SOL/history?interval=5m'];
let load: Load;

test.before(async () => {
  await environment.createFrom('production-small.yaml');
});

test.after(async () => {
  await load?.stop();
  await environment.remove();
});

test('kubectl wait sees a new environment become Ready', async () => {
  try {
    await kubectl(['-n', namespace, 'wait', '--for=condition=Ready', `cse/${name}`, '--timeout=240s']);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${await environment.describe()}`);
  }
});

test('A6 the first release serves without a rollout', async () => {
  const settled = await watch.until('rest', isSettled, 60_000);
  assert.is(settled.status?.stable?.number, 1);
  assert.is(settled.status?.candidate, undefined);
  const answer = await request(`${gatewayUrl}/health`, { headers: { host } });
  assert.is(answer.statusCode, 200);
  assert.is(((await answer.body.json()) as { status: string }).status, 'ok');
});

test('kubectl get cse shows a line that a person understands', async () => {
  const [header, line] = (await kubectl(['-n', namespace, 'get', 'cse'])).split('\n');
  for (const column of ['NAME', 'TIER', 'READY', 'AGE']) assert.match(header ?? '', column);
  assert.match(line ?? '', /canary\s+production\s+True/);
  assert.match(line ?? '', /cryptosense-api:1\.0\.0 serves/);
});

test('every component of production is there, and ready', async () => {
  // Ready is what requests need; the predictor may come a little later.
  const whole = await watch.until(
    'all pods ready',
    (e) => e.status?.components?.every(({ pods, readyPods }) => readyPods === pods) ?? false,
    120_000,
  );
  assert.equal(Object.fromEntries((whole.status?.components ?? []).map((one) => [one.name, one.readyPods])), {
    database: 3,
    pooler: 2,
    cache: 2,
    predictor: 1,
  });
});

test('a forecast is made by the predictor, of what the simulator has written so far', async () => {
  // For some seconds after failures the API leaves the predictor alone: until then the answer is 503.
  let said = '';
  await eventually(
    'the predictor answers through the API',
    async () => {
      const answer = await request(`${gatewayUrl}/api/predictions/BTC`, { headers: { host } });
      said = `${answer.statusCode} ${await answer.body.text()}`;
      // A database of a minute's age may have too little history, which the predictor itself has to say.
      return [200, 422].includes(answer.statusCode);
    },
    60_000,
  ).catch((error: Error) => {
    throw new Error(`${error.message}; the last answer was ${said}`);
  });
});

test('the command line finds it well, shows what its pods say, and asks its database', async () => {
  const cs = (...args: string[]) => cryptosense(['-n', namespace, ...args]);
  const status = await cs('status', name);
  assert.is(status.exitCode, 0, status.stdout + status.stderr);
  assert.match(
    status.stdout,
    /release +cryptosense-api:1\.0\.0 \(1-[0-9a-f]{10}\) +serves, 100 % of the requests/,
  );
  const logs = await cs('logs', name, '--component', 'database', '--tail', '5');
  // In the order of their moments: which member speaks first is not said.
  assert.equal(
    [...new Set(logs.stdout.split('\n').map((line) => line.split(' │ ')[0]))].filter(Boolean).sort(),
    [0, 1, 2].map((member) => `${name}-database-${member}`),
    logs.stdout + logs.stderr,
  );
  const asked = await cs(
    'psql',
    name,
    '--',
    '--tuples-only',
    '--no-align',
    '--command',
    'select current_database()',
  );
  assert.equal([asked.exitCode, asked.stdout], [0, 'cryptosense'], asked.stderr);
  const results = JSON.parse((await cs('doctor', name, '-o', 'json')).stdout) as {
    id: string;
    verdict: string;
  }[];
  const verdicts = Object.fromEntries(results.map(({ id, verdict }) => [id, verdict]));
  assert.equal([verdicts.health, verdicts.operator], ['ok', 'ok'], JSON.stringify(results));
});

test('the bundle for support has the logs, and no login of the environment', async () => {
  const { files, exitCode, stderr } = await bundleOf((file) =>
    cryptosense(['-n', namespace, 'support', name, '--file', file]),
  );
  assert.is(exitCode, 0, stderr);
  assert.ok(files.get(`logs/database/${name}-database-0.database.log`), [...files.keys()].join());
  assert.ok([...files.keys()].some((path) => path.startsWith('operator/logs/')));
  const { data } = JSON.parse(
    await kubectl(['-n', namespace, 'get', 'secret', `${name}-credentials`, '-o', 'json']),
  );
  for (const [key, value] of Object.entries(data as Record<string, string>))
    for (const [path, text] of files)
      assert.not.ok(text.includes(Buffer.from(value, 'base64').toString()), `${path} has ${key}`);
});

test('what the operator made is not reachable beyond its API: /metrics is not routed', async () => {
  const answer = await request(`${gatewayUrl}/metrics`, { headers: { host } });
  await answer.body.dump();
  assert.is(answer.statusCode, 404);
});

test('C1 a good release is promoted without a failed request', async () => {
  load = new Load(gatewayUrl, { paths, perSecond: 100, connections: 8, host });
  const before = load.counters;
  const weights = new Set<number>();
  const stop = watch.onChange((e) => weights.add(e.status?.candidate?.weight ?? -1));
  await environment.release('cryptosense-api:1.1.0');
  const followed = cryptosense(['-n', namespace, 'rollout', 'status', name, '--watch', '--timeout', '180s']);
  const promoted = (image: string) =>
    watch.until('promotion', (e) => e.status?.stable?.image === image && isSettled(e), 180_000);
  await promoted('cryptosense-api:1.1.0');
  stop();
  const seen = load.since(before);
  const { exitCode, stdout } = await followed;
  assert.is(exitCode, 0, stdout);
  assert.match(stdout, /10 % of the requests[\s\S]*cryptosense-api:1\.1\.0 \(2-[0-9a-f]{10}\) serves\.$/);
  assert.ok(weights.has(10), `the weights were ${[...weights]}`);
  assert.ok(seen.requests > 1000, `only ${seen.requests} requests`);
  assert.equal(seen.failures, {});
});

test('after a promotion the pods of the former release go away', async () => {
  const records = await kubectl([
    '-n',
    namespace,
    'get',
    'controllerrevisions',
    '-l',
    'cryptosense.io/revision',
    '-o',
    'jsonpath={range .items[*]}{.metadata.labels.cryptosense\\.io/revision}{"\\n"}{end}',
  ]);
  const serving = watch.current?.status?.stable?.revision;
  const former = records
    .trim()
    .split('\n')
    .filter((revision) => revision !== serving);
  assert.is(former.length, 1);
  const pods = ['pods', '-l', `cryptosense.io/revision=${former[0]},app.kubernetes.io/component=api`];
  await kubectl(['-n', namespace, 'wait', '--for=delete', ...pods, '--timeout=60s']);
});

test('a bad release goes back to 0 %, says why, and only its own share of requests failed', async () => {
  const before = load.counters;
  await environment.release('cryptosense-api:1.2.0-faulty');
  const back = await watch.until(
    'rollback',
    (e) => e.status?.rejected?.image === 'cryptosense-api:1.2.0-faulty' && isSettled(e),
    180_000,
  );
  const seen = load.since(before);
  assert.is(back.status?.stable?.image, 'cryptosense-api:1.1.0');
  assert.is(back.status?.rejected?.reason, 'AnalysisFailed');
  assert.match(back.status?.rejected?.message ?? '', /requests answered 5xx/);
  assert.equal(Object.keys(seen.failures), ['500']);
  assert.ok(seen.failed <= seen.requests * 0.1, `${seen.failed} of ${seen.requests}`);
  const rolledBack = back.status?.conditions?.find((c) => c.type === 'RolledBack');
  assert.is(rolledBack?.status, 'True');
  assert.is(back.status?.conditions?.find((c) => c.type === 'Ready')?.status, 'True');
});

test('A9 every step is an Event', async () => {
  const reasons = await kubectl([
    '-n',
    namespace,
    'get',
    'events',
    '--field-selector',
    `involvedObject.name=${name}`,
    '-o',
    'jsonpath={range .items[*]}{.reason}{"\\n"}{end}',
  ]);
  for (const reason of ['Deployed', 'ReleaseStarted', 'ReleaseStep', 'Promoted', 'RolledBack']) {
    assert.match(reasons, new RegExp(`^${reason}$`, 'm'));
  }
});

test('at rest the operator writes nothing', async () => {
  const settled = await watch.until('rest', isSettled, 60_000);
  const managed = 'deployments,statefulsets,services,configmaps,httproutes,hpa,pdb';
  const versions = () =>
    kubectl([
      '-n',
      namespace,
      'get',
      managed,
      '-o',
      'jsonpath={range .items[*]}{.metadata.name}={.metadata.generation}{"\\n"}{end}',
    ]);
  const before = await versions();
  // A change that is no change to the operator makes it look at everything once more.
  await kubectl(['-n', namespace, 'annotate', 'cse', name, 'test.cryptosense.io/look=again']);
  await watch.until(
    'the look',
    (e) => e.metadata.annotations?.['test.cryptosense.io/look'] === 'again',
    10_000,
  );
  assert.is(await versions(), before);
  assert.equal(watch.current?.status, settled.status);
});

test('drift made by hand is mended', async () => {
  const service = `service/${name}-pooler`;
  await kubectl([
    '-n',
    namespace,
    'patch',
    service,
    '--type',
    'merge',
    '-p',
    '{"spec":{"selector":{"app.kubernetes.io/component":"nothing"}}}',
  ]);
  await kubectl([
    '-n',
    namespace,
    'wait',
    service,
    '--for=jsonpath={.spec.selector.app\\.kubernetes\\.io/component}=pooler',
    '--timeout=30s',
  ]);
});

test('parameters that PostgreSQL does not start with are refused by PostgreSQL, and its pod stays', async () => {
  const pod = ['-n', namespace, 'get', 'pod', `${name}-database-0`, '-o', 'jsonpath={.metadata.uid}'];
  const before = await kubectl(pod);
  const set = (timezone: string | null) => {
    const patch = JSON.stringify({ spec: { database: { parameters: { timezone } } } });
    return kubectl(['-n', namespace, 'patch', 'cse', name, '--type', 'merge', '-p', patch]);
  };
  await set('Mars/Olympus_Mons');
  const stalled = await watch.until(
    'Stalled',
    (e) => e.status?.conditions?.find((c) => c.type === 'Stalled')?.reason === 'ParametersRefused',
    120_000,
  );
  const message = stalled.status?.conditions?.find((c) => c.type === 'Stalled')?.message ?? '';
  assert.match(message, /Mars\/Olympus_Mons/);
  assert.is(stalled.status?.conditions?.find((c) => c.type === 'Ready')?.status, 'True');
  await set(null);
  await watch.until('rest', isSettled, 60_000);
  assert.is(await kubectl(pod), before);
});

test('the API does without its Redis primary, and gets another one', async () => {
  const before = load.counters;
  await kubectl(['-n', namespace, 'delete', 'pod', `${name}-cache-0`, '--force', '--grace-period=0']);
  await watch.until(
    'Redis is whole again',
    (e) => isSettled(e) && e.status?.components?.find((c) => c.name === 'cache')?.readyPods === 2,
    180_000,
  );
  assert.equal(load.since(before).failures, {});
});

test('deleting the environment removes what it owns and keeps the data', async () => {
  await kubectl(['-n', namespace, 'delete', 'cse', name, '--cascade=foreground', '--timeout=240s']);
  const left = await kubectl([
    '-n',
    namespace,
    'get',
    'deployments,statefulsets,httproutes,hpa,controllerrevisions',
    '-l',
    `cryptosense.io/environment=${name}`,
    '-o',
    'name',
  ]);
  assert.is(left.trim(), '');
  const kept = await kubectl(['-n', namespace, 'get', 'pvc,secret', '-o', 'name']);
  assert.match(kept, /persistentvolumeclaim\//);
  assert.match(kept, new RegExp(`secret/${name}-credentials`));
});

test.run();
