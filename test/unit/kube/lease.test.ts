import * as assert from 'uvu/assert';
import { LeaderElection, type Leading, NotLeading } from '../../../operator/kube/lease.ts';
import { silentLog } from '../../../operator/kube/log.ts';
import { createMetrics } from '../../../operator/kube/metrics.ts';
import { suite } from '../../harness/suite.ts';
import { eventually } from '../../integration/processes.ts';
import { FakeClock } from './fake-clock.ts';
import { answer, ScriptedServer, status } from './scripted-server.ts';

const test = suite('lease');

/** A leader whose renewals all succeed, on a clock that stands still. */
async function leading(
  body: (leading: Leading, clock: FakeClock, renewals: () => number) => Promise<void>,
): Promise<unknown> {
  const server = await ScriptedServer.start();
  let version = 1;
  server.handler = (request, response) => {
    if (request.method === 'GET') return answer(response, status(404, 'NotFound', 'no lease'), 404);
    version += 1;
    const metadata = { name: 'l', namespace: 'n', uid: 'u', resourceVersion: String(version) };
    return answer(response, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec: {} });
  };
  const clock = new FakeClock();
  const client = server.client();
  const election = new LeaderElection({
    client,
    namespace: 'n',
    name: 'l',
    identity: 'me',
    log: silentLog,
    metrics: createMetrics(),
    clock,
  });
  const renewals = () => server.asked.filter((asked) => asked.startsWith('PUT')).length;
  try {
    await election.run(new AbortController().signal, (term) => body(term, clock, renewals));
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await client.close();
    await server.stop();
  }
}

test('the deadline is ten seconds after the renewal was sent, and renewals move it', async () => {
  const end = await leading(async (term, clock, renewals) => {
    assert.is(term.deadline(), 10_000);
    clock.advance(2_000);
    await eventually('it is renewed', () => renewals() === 1 && term.deadline() === 12_000);
    term.assertLeading();
  });
  assert.is(end, undefined);
});

test('A5 a frozen process finds out before its first write that its lease has run out, and does not lead again', async () => {
  const end = await leading(async (term, clock) => {
    clock.freeze(10_000);
    // No timer has run yet: the clock alone tells.
    assert.throws(
      () => term.assertLeading(),
      (error: unknown) => error instanceof NotLeading,
    );
    assert.ok(term.signal.aborted);
    clock.advance(2_000);
    assert.throws(() => term.assertLeading());
  });
  assert.instance(end, NotLeading);
});

test('what the leader throws is what run rejects with, after the lease was given back', async () => {
  const end = await leading(async () => {
    throw new Error('a bug');
  });
  assert.is((end as Error).message, 'a bug');
});

test.run();
