import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import { create, mergePatch } from '../../../operator/kube/apply.ts';
import { inFlow } from '../../../operator/kube/flow.ts';
import { LeaderElection, type Leading } from '../../../operator/kube/lease.ts';
import { silentLog } from '../../../operator/kube/log.ts';
import { createMetrics } from '../../../operator/kube/metrics.ts';
import { Reflector } from '../../../operator/kube/reflector.ts';
import { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { startApiServer } from '../apiserver.ts';
import { FaultProxy } from '../fault-proxy.ts';
import { eventually } from '../processes.ts';
import { CONFIG_MAPS, configMap } from './things.ts';

const test = suite('fairness before a real API server');
const BURST = 500;
const SLOW_MS = 400;
const times = { leaseDurationMs: 2_000, renewDeadlineMs: 1_500, retryPeriodMs: 200 };

/** The longest time between two of these moments. */
function longestGap(moments: number[]): number {
  return Math.max(...moments.slice(1).map((at, i) => at - (moments[i] ?? at)));
}

test(`while ${BURST} slow writes of one key wait, the lease is renewed, watches tell and other keys write at once`, async () => {
  const server = await startApiServer();
  const certificates = join(dirname(server.kubeconfig), 'certs');
  const proxy = await FaultProxy.before(server.url, {
    key: readFileSync(join(certificates, 'apiserver.key')),
    cert: readFileSync(join(certificates, 'apiserver.crt')),
  });
  const config = server.configFor('admin');
  config.clusters = config.clusters.map((cluster) => ({ ...cluster, server: proxy.url }));
  const metrics = createMetrics();
  const client = KubeClient.fromKubeConfig(config, { metrics });
  const direct = server.client();
  const stop = new AbortController();
  const renewals: number[] = [];
  let underWay = 0;
  proxy.script = ({ path, method }) => {
    if (method === 'PUT' && path.endsWith('/leases/busy')) renewals.push(performance.now());
    return path.endsWith('/slow') ? { do: 'delay', ms: SLOW_MS } : undefined;
  };
  const seen = new Map<string, number>();
  const reflector = new Reflector({
    client,
    resource: CONFIG_MAPS,
    log: silentLog,
    onChange: (_, object) => {
      const { at } = (object as { data?: { at?: string } }).data ?? {};
      if (at !== undefined) seen.set(at, performance.now());
    },
  });
  const following = reflector.start(stop.signal);
  let leading: Leading | undefined;
  const election = new LeaderElection({
    client,
    namespace: 'default',
    name: 'busy',
    identity: 'one',
    ...times,
    log: silentLog,
    metrics,
  });
  const ended = election.run(stop.signal, async (term) => {
    leading = term;
    if (term.signal.aborted) return;
    await new Promise((resolve) => term.signal.addEventListener('abort', resolve, { once: true }));
  });
  try {
    await reflector.synced;
    await eventually('it leads', () => leading !== undefined);
    for (const name of ['slow', 'quick', 'other']) await create(direct, CONFIG_MAPS, configMap(name));
    const burst = inFlow('default/noisy', () =>
      Promise.all(
        Array.from({ length: BURST }, async (_, i) => {
          underWay += 1;
          await mergePatch(
            client,
            CONFIG_MAPS,
            'default',
            'slow',
            { data: { i: `${i}` } },
            { timeoutMs: 60_000 },
          );
          underWay -= 1;
        }),
      ),
    );
    renewals.length = 0;
    const start = performance.now();
    renewals.push(start);
    const waits: number[] = [];
    const delays: number[] = [];
    let underWayAtTheEnd = 0;
    for (let round = 0; performance.now() - start < 6_000; round++) {
      const sentAt = performance.now();
      await inFlow('default/quick', () =>
        mergePatch(client, CONFIG_MAPS, 'default', 'quick', { data: { round: `${round}` } }),
      );
      waits.push(performance.now() - sentAt);
      const writtenAt = performance.now();
      await mergePatch(direct, CONFIG_MAPS, 'default', 'other', { data: { at: `${round}` } });
      await eventually('the watch tells', () => seen.has(`${round}`), 5_000);
      delays.push((seen.get(`${round}`) ?? 0) - writtenAt);
      underWayAtTheEnd = underWay;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    renewals.push(performance.now());
    await burst;
    const took = performance.now() - start;
    const shown = {
      'longest time without a renewal': longestGap(renewals),
      "another key's slowest write": Math.max(...waits),
      'slowest watch event': Math.max(...delays),
    };
    console.log(
      `\nnote: ${BURST} writes in ${Math.round(took)} ms, ${underWayAtTheEnd} of them still waited after 6 s; ${Object.entries(
        shown,
      )
        .map(([what, ms]) => `${what} ${Math.round(ms)} ms`)
        .join(', ')}`,
    );
    assert.ok(underWayAtTheEnd > 100, 'the burst lasted as long as the test looked');
    assert.ok(took > (BURST / 32) * SLOW_MS, 'the writes were slow');
    assert.ok(longestGap(renewals) < 1_000, 'the lease was renewed in time');
    assert.ok(Math.max(...waits) < SLOW_MS, 'no write of another key waited for one of the burst');
    assert.ok(Math.max(...delays) < SLOW_MS, 'no watch waited for the burst');
    leading?.assertLeading();
    const text = await metrics.registry.metrics();
    assert.match(text, /rest_client_rate_limiter_duration_seconds_bucket\{le="8",verb="PATCH"/);
  } finally {
    stop.abort();
    await Promise.allSettled([ended, following]);
    await client.close();
    await proxy.stop();
    await direct.close();
    await server.stop();
  }
});

test.run();
