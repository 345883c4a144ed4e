// Not fetch: it drops the Host header, which picks the route.
import { request } from 'undici';
import * as assert from 'uvu/assert';
import { Load } from '../../local/demo/load.ts';
import { isSettled } from '../../local/demo/watch.ts';
import type { EnvironmentSpec } from '../../operator/api/environment.ts';
import type { Environment } from '../../operator/api/resolved.ts';
import { suite } from '../harness/suite.ts';
import { eventually } from '../integration/processes.ts';
import { gatewayUrl, kubectl, TestEnvironment } from './cluster.ts';
import { Recorder } from './recorder.ts';

const test = suite('strategies in a cluster');
const environment = new TestEnvironment('strategies');
const { namespace, name, host, watch } = environment;
const FAULTY = 'cryptosense-api:1.2.0-faulty';
/** How long the gateway may go on with what it was told before. */
const LAST_ANSWER_MS = 2000;
let load: Load;

type Rollout = NonNullable<EnvironmentSpec['rollout']>;

const recorder = new Recorder(watch);

test.before(async () => {
  await environment.create({
    rollout: blueGreen(true),
    observability: { serviceMonitor: { enabled: false } },
    predictor: { enabled: false },
  });
  await watch.until('the first release', isSettled, 240_000);
  load = new Load(gatewayUrl, {
    paths: ['/api/prices/BTC', '/api/prices/ETH'],
    perSecond: 400,
    connections: 16,
    host,
  });
});

test.after(async () => {
  const seen = await load?.stop();
  if (seen) console.log(`\nnote: ${seen.requests} requests, failed: ${JSON.stringify(seen.failures)}`);
  await environment.remove();
});

/** Returns are releases like any other here: each of them is to be seen. */
const common: Rollout = { scaleDownDelay: '60s', rollbackWindow: '0s', progressDeadline: '2m' };

function blueGreen(autoPromote: boolean): Rollout {
  return {
    ...common,
    strategy: 'blueGreen',
    blueGreen: { previewReplicas: 1, autoPromote, autoPromoteDelay: '2s' },
  };
}

async function patch(spec: object): Promise<void> {
  await kubectl(['-n', namespace, 'patch', 'cse', name, '--type', 'merge', '-p', JSON.stringify({ spec })]);
}

/** As a person does it: names the release that is being tried, or the one that serves. */
async function command(verb: string): Promise<void> {
  const { candidate, stable } = watch.current?.status ?? {};
  const named = candidate ?? stable;
  const annotation = `cryptosense.io/${verb}=${named?.number}-${named?.revision}`;
  await kubectl(['-n', namespace, 'annotate', 'cse', name, annotation]);
}

async function until(what: string, reached: (e: Environment) => boolean): Promise<Environment> {
  try {
    return await watch.until(what, reached, 180_000);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${await environment.describe()}`);
  }
}

const waitsForPerson = (e: Environment) => /until somebody promotes it/.test(e.status?.summary ?? '');
const serves = (image: string) => (e: Environment) => e.status?.stable?.image === image && isSettled(e);

async function statusOf(headers: Record<string, string> = {}): Promise<number> {
  const answer = await request(`${gatewayUrl}/api/prices/BTC`, { headers: { host, ...headers } });
  await answer.body.dump();
  return answer.statusCode;
}

/** Milliseconds from the command to the last answer that failed. */
async function lastFailureAfter(act: () => Promise<void>, over: () => Promise<unknown>): Promise<number> {
  const begun = Date.now();
  await act();
  await over();
  return Math.max(0, (load.lastFailureAt ?? begun) - begun);
}

test('B1 B2 green waits at its preview size, is grown, and gets everything in one switch', async () => {
  await patch({ rollout: blueGreen(false), release: { image: 'cryptosense-api:1.1.0' } });
  const waiting = await until('the look', waitsForPerson);
  const revision = waiting.status?.candidate?.revision;
  const preview = ['-n', namespace, 'get', 'service', `${name}-api-preview`, '-o'];
  const selected = await kubectl([...preview, 'jsonpath={.spec.selector.cryptosense\\.io/revision}']);
  assert.is(selected, revision);
  const replicas = ['-n', namespace, 'get', 'deployment', `${name}-api-${revision}`, '-o'];
  assert.is(await kubectl([...replicas, 'jsonpath={.spec.replicas}']), '1');
  const before = load.counters;
  const weights = new Set<number>();
  const stop = watch.onChange((e) => weights.add(e.status?.candidate?.weight ?? -1));
  await command('promote');
  await until('the switch', (e) => e.status?.stable?.image === 'cryptosense-api:1.1.0');
  stop();
  recorder.keep('blue-green', 'Blue-green: looked at with one pod, then everything at once');
  assert.equal(
    [...weights].filter((weight) => weight > 0 && weight < 100),
    [],
  );
  assert.equal(load.since(before).failures, {});
});

test('B8 an abort after the switch brings blue back at once, without a failed request', async () => {
  const before = load.counters;
  await command('abort');
  await until('blue', serves('cryptosense-api:1.0.0'));
  assert.is(watch.current?.status?.rejected?.reason, 'Aborted');
  assert.equal(load.since(before).failures, {});
});

test('C9 requests by header go to the canary and no others, until it is aborted', async () => {
  const steps = [
    { headers: [{ name: 'X-Beta', value: 'yes' }] },
    { pause: 'untilPromoted' },
    { weight: 50 },
    { pause: 'untilPromoted' },
    { weight: 100 },
  ];
  const analysis = { maxErrorRatio: '1' };
  const rollout = { ...common, strategy: 'canary', canary: { steps, analysis } };
  const before = load.counters;
  await patch({ rollout, release: { image: FAULTY, config: { FAULT_SHARE: '1' } } });
  await until('requests by header', (e) => waitsForPerson(e) && e.status?.candidate?.step === 1);
  assert.is(await statusOf({ 'X-Beta': 'yes' }), 500);
  assert.is(await statusOf({ 'X-Beta': 'no' }), 200);
  assert.is(await statusOf(), 200);
  assert.equal(load.since(before).failures, {});
});

test('C4 abort sends 0 % to the canary at once, and its last answer comes soon after', async () => {
  await command('promote');
  await until('half of the requests', (e) => waitsForPerson(e) && e.status?.candidate?.weight === 50);
  recorder.forget();
  const before = load.counters;
  const over = () => until('the abort', (e) => e.status?.rejected?.image === FAULTY && isSettled(e));
  const ms = await lastFailureAfter(() => command('abort'), over);
  const seen = load.since(before);
  console.log(`\nnote: abort to last answer of the canary: ${ms} ms, kubectl annotate included`);
  assert.ok(ms <= LAST_ANSWER_MS, `${ms} ms`);
  assert.equal(Object.keys(seen.failures), ['500']);
  await eventually(
    'the header route is gone',
    async () => (await statusOf({ 'X-Beta': 'yes' })) === 200,
    10_000,
  );
});

test('R1 a rolling update replaces pods under load without a failed request', async () => {
  const before = load.counters;
  recorder.forget();
  const rollout = { ...common, strategy: 'rolling', rolling: { maxSurge: 1, maxUnavailable: 0 } };
  await patch({ rollout, release: { image: 'cryptosense-api:1.1.0', config: null } });
  await until('the update', (e) => e.status?.stable?.image === 'cryptosense-api:1.1.0');
  recorder.keep('rolling', 'Rolling update: shares follow the ready pods');
  assert.equal(load.since(before).failures, {});
});

test('R2 a rolling update whose pods never start goes back, and nobody notices', async () => {
  const before = load.counters;
  await patch({ rollout: { progressDeadline: '15s' }, release: { image: 'cryptosense-api:0.0.0-none' } });
  const back = await until('the return', (e) => e.status?.rejected?.image === 'cryptosense-api:0.0.0-none');
  assert.match(back.status?.rejected?.reason ?? '', /^(ProgressDeadlineExceeded|MigrationFailed)$/);
  assert.is(back.status?.stable?.image, 'cryptosense-api:1.1.0');
  assert.equal(load.since(before).failures, {});
});

test('restart replaces every pod of the release that serves, without a failed request', async () => {
  const settled = await until('rest', isSettled);
  const revision = settled.status?.stable?.revision;
  const pods = [
    '-n',
    namespace,
    'get',
    'pods',
    '-l',
    `cryptosense.io/revision=${revision},app.kubernetes.io/component=api`,
  ];
  const uids = async () =>
    (await kubectl([...pods, '-o', 'jsonpath={range .items[*]}{.metadata.uid} {end}'])).trim().split(' ');
  const old = await uids();
  const before = load.counters;
  await command('restart');
  await eventually(
    'other pods',
    async () => {
      const now = await uids();
      return now.length === 2 && now.every((uid) => !old.includes(uid));
    },
    120_000,
  );
  assert.equal(load.since(before).failures, {});
});

test('C5 undo goes to a named earlier release while the spec stays as it is', async () => {
  const { history = [] } = watch.current?.status ?? {};
  const first = history.find(({ image }) => image === 'cryptosense-api:1.0.0');
  assert.ok(first);
  const before = load.counters;
  const annotation = `cryptosense.io/undo=${first.number}-${first.revision}`;
  await kubectl(['-n', namespace, 'annotate', 'cse', name, annotation]);
  const back = await until('the undo', (e) => e.status?.stable?.image === 'cryptosense-api:1.0.0');
  assert.is(back.status?.undone?.number, first.number);
  assert.is(back.status?.conditions?.find(({ type }) => type === 'RolledBack')?.reason, 'Undone');
  assert.equal(load.since(before).failures, {});
});

test('a command for another release is refused with a sentence', async () => {
  await kubectl(['-n', namespace, 'annotate', 'cse', name, 'cryptosense.io/promote=99-0000000000']);
  const after = await until('the refusal', (e) => e.status?.lastCommand?.target === '99-0000000000');
  assert.is(after.status?.lastCommand?.accepted, false);
  assert.match(after.status?.lastCommand?.message ?? '', /no release is being tried/);
});

test.run();
