import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { create } from '../../../operator/kube/apply.ts';
import { LeaderElection, type Leading, NotLeading } from '../../../operator/kube/lease.ts';
import { LEASES, type Lease } from '../../../operator/kube/lease-record.ts';
import { silentLog } from '../../../operator/kube/log.ts';
import { createMetrics } from '../../../operator/kube/metrics.ts';
import { Reflector } from '../../../operator/kube/reflector.ts';
import { type KubeObject, pathOf } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { type ApiServer, startApiServer } from '../apiserver.ts';
import { endProcess, eventually } from '../processes.ts';
import { CONFIG_MAPS, configMap } from './things.ts';

const test = suite('leader election and a real API server');
const times = { leaseDurationMs: 2_000, renewDeadlineMs: 1_500, retryPeriodMs: 200 };
let server: ApiServer;
let client: KubeClient;

test.before(async () => {
  server = await startApiServer();
  client = server.client();
});
test.after(async () => {
  await client?.close();
  await server?.stop();
});

interface Candidate {
  leading: Leading | undefined;
  ended: Promise<unknown>;
  stop(): void;
}

function candidate(name: string, identity: string, metrics = createMetrics()): Candidate {
  const controller = new AbortController();
  const election = new LeaderElection({
    client,
    namespace: 'default',
    name,
    identity,
    ...times,
    log: silentLog,
    metrics,
  });
  const self: Candidate = { leading: undefined, ended: Promise.resolve(), stop: () => controller.abort() };
  const lead = async (leading: Leading) => {
    self.leading = leading;
    if (leading.signal.aborted) return;
    await new Promise((resolve) => leading.signal.addEventListener('abort', resolve, { once: true }));
  };
  self.ended = election.run(controller.signal, lead).then(
    () => 'in peace',
    (error: unknown) => error,
  );
  return self;
}

const read = (name: string) =>
  client.request<Lease>({ method: 'GET', path: pathOf(LEASES, 'default', name) });

test('a leader that stops gives the lease back and the next one leads within two retry periods', async () => {
  const metrics = createMetrics();
  const a = candidate('handover', 'a', metrics);
  await eventually('a leads', () => a.leading !== undefined);
  assert.match(await metrics.registry.metrics(), 'leader_election_master_status{name="handover"} 1');
  const record = await read('handover');
  assert.is(record.spec?.holderIdentity, 'a');
  assert.match(record.spec?.renewTime ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  const b = candidate('handover', 'b');
  const start = performance.now();
  a.stop();
  assert.is(await a.ended, 'in peace');
  assert.throws(
    () => a.leading?.assertLeading(),
    (error: unknown) => error instanceof NotLeading,
  );
  await eventually('b leads', () => b.leading !== undefined);
  assert.ok(performance.now() - start < 1_500, `${performance.now() - start} ms`);
  assert.match(await metrics.registry.metrics(), 'leader_election_master_status{name="handover"} 0');
  assert.is((await read('handover')).spec?.leaseTransitions, 1);
  b.stop();
  assert.is(await b.ended, 'in peace');
  assert.is((await read('handover')).spec?.holderIdentity, '');
});

test('a lease of a holder that is gone is taken only after it was seen unchanged for its duration', async () => {
  await create(client, LEASES, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'orphan', namespace: 'default' },
    // A renewal that lies years back by its own words says nothing: clocks differ.
    spec: { holderIdentity: 'gone', leaseDurationSeconds: 2, renewTime: '2020-01-01T00:00:00.000000Z' },
  });
  const start = performance.now();
  const heir = candidate('orphan', 'heir');
  await eventually('the heir leads', () => heir.leading !== undefined);
  assert.ok(performance.now() - start >= 2_000, `${performance.now() - start} ms`);
  heir.stop();
  await heir.ended;
});

test('a leader whose lease another one took by force ends as not leading', async () => {
  const a = candidate('robbed', 'a');
  await eventually('a leads', () => a.leading !== undefined);
  await eventually('the robber is faster than a renewal', async () => {
    const record = await read('robbed');
    const spec = { ...record.spec, holderIdentity: 'robber' };
    const path = pathOf(LEASES, 'default', 'robbed');
    return client.request({ method: 'PUT', path, body: { ...record, spec } }).then(
      () => true,
      () => false,
    );
  });
  assert.instance(await a.ended, NotLeading);
  assert.is((await read('robbed')).spec?.holderIdentity, 'robber');
});

test('a leader that cannot reach the server stops leading by its deadline', async () => {
  const a = candidate('cut-off', 'a');
  await eventually('a leads', () => a.leading !== undefined);
  await server.kill();
  const start = performance.now();
  try {
    assert.instance(await a.ended, NotLeading);
    assert.ok(performance.now() - start < times.leaseDurationMs + 500, `${performance.now() - start} ms`);
    assert.throws(() => a.leading?.assertLeading());
  } finally {
    await server.restart();
  }
});

test('A5 a leader that was frozen writes nothing after another one has taken over', async () => {
  await create(client, CONFIG_MAPS, configMap('contested', { writer: 'nobody' }));
  const writers: string[] = [];
  const reflector = new Reflector<KubeObject>({
    client,
    resource: CONFIG_MAPS,
    namespace: 'default',
    fieldSelector: 'metadata.name=contested',
    log: silentLog,
    onChange: (_, object) => {
      const { writer } = object.data as { writer: string };
      if (writers.at(-1) !== writer) writers.push(writer);
    },
  });
  const stop = new AbortController();
  const following = reflector.start(stop.signal);
  await reflector.synced;
  const processes: ChildProcess[] = [];
  const start = (identity: string) => {
    const file = fileURLToPath(import.meta.resolve('./candidate.ts'));
    const child = spawn(process.execPath, [file, server.kubeconfig, identity], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    processes.push(child);
    const said: string[] = [];
    child.stdout?.on('data', (chunk: Buffer) => said.push(...chunk.toString().trim().split('\n')));
    return { child, said };
  };
  try {
    const first = start('first');
    await eventually('the first one writes', () => writers.includes('first'));
    const second = start('second');
    first.child.kill('SIGSTOP');
    await eventually('the second one writes', () => writers.includes('second'));
    first.child.kill('SIGCONT');
    await eventually('the first one ends', () => first.said.length === 2);
    assert.equal(first.said, ['leading', 'not leading']);
    second.child.kill('SIGTERM');
    await eventually('the second one ends', () => second.said.length === 2);
    assert.equal(second.said, ['leading', 'ended in peace']);
    assert.equal(writers, ['nobody', 'first', 'second']);
  } finally {
    for (const child of processes) await endProcess(child);
    stop.abort();
    await following;
  }
});

test.run();
