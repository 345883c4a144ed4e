import * as assert from 'uvu/assert';
import { Load } from '../../local/demo/load.ts';
import { isSettled } from '../../local/demo/watch.ts';
import { suite } from '../harness/suite.ts';
import { gatewayUrl, kubectl, OPERATOR, TestEnvironment } from './cluster.ts';

const test = suite('operator upgrade');
const environment = new TestEnvironment('upgrade');
const { watch, host, namespace } = environment;
const later = process.env.CRYPTOSENSE_LATER_OPERATOR;

/** The local tier opens its window on Sundays: here it never is open while the test runs. */
function farWindow(now = new Date()) {
  const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
  return {
    days: [days[(now.getUTCDay() + 3) % 7] ?? 'Sunday'],
    start: '03:00',
    duration: '1h',
  };
}

/** Every pod by its uid, with its restarts: equal lists mean that no pod was restarted or replaced. */
async function pods(): Promise<string[]> {
  const columns =
    'custom-columns=NAME:.metadata.name,UID:.metadata.uid,RESTARTS:.status.containerStatuses[*].restartCount';
  const selector = 'app.kubernetes.io/component!=migration';
  return (await kubectl(['-n', namespace, 'get', 'pods', '-l', selector, '-o', columns])).split('\n').sort();
}

async function run(image: string): Promise<void> {
  await kubectl([...OPERATOR, 'set', 'image', 'deployment/cryptosense-operator', `operator=${image}`]);
  await kubectl([...OPERATOR, 'rollout', 'status', 'deployment/cryptosense-operator', '--timeout=120s']);
}

const upToDate = (status: 'True' | 'False') => (e: NonNullable<typeof watch.current>) =>
  e.status?.conditions?.find(({ type }) => type === 'UpToDate')?.status === status;

test.before(async () => {
  await environment.create({ maintenance: { window: farWindow() } });
  await watch.until('Ready', isSettled, 240_000);
});
test.after(async () => {
  if (later) await run('cryptosense-operator:dev');
  await environment.remove();
});

const reason = 'the cluster has a registry of its own, and no image of a later operator';
const upgrade = (name: string, handler: () => Promise<void>) =>
  later ? test(name, handler) : test.skip(name, reason);

upgrade('with changed charts restarts no pod and fails no request, and says what is outdated', async () => {
  const before = await pods();
  const load = new Load(gatewayUrl, { paths: ['/api/prices/BTC'], perSecond: 50, connections: 4, host });
  try {
    await run(later as string);
    await watch.until('UpToDate is False', upToDate('False'), 120_000);
    // The rest of the new version is in effect: what restarts nothing is written at once.
    const annotation = await kubectl([
      '-n',
      namespace,
      'get',
      'service',
      'upgrade-pooler',
      '-o',
      'jsonpath={.metadata.annotations.later}',
    ]);
    assert.is(annotation, 'yes');
    assert.equal(await pods(), before);
    assert.equal(load.counters.failures, {});
  } finally {
    await load.stop();
  }
  assert.ok(load.counters.requests > 100, `${load.counters.requests} requests`);
});

upgrade('brings the new form when asked to by annotation', async () => {
  const before = await pods();
  await kubectl(['-n', namespace, 'annotate', 'cse', 'upgrade', 'cryptosense.io/refresh=1']);
  await watch.until('UpToDate', (e) => upToDate('True')(e) && isSettled(e), 240_000);
  assert.not.equal(await pods(), before);
});

test.run();
