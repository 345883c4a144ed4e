import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { API_VERSION } from './api/environment.ts';
import { Caches } from './environment/caches.ts';
import { EnvironmentReconciler } from './environment/reconciler.ts';
import { WatchToPlan } from './environment/watch-to-plan.ts';
import { Controller } from './kube/controller.ts';
import { EventRecorder } from './kube/events.ts';
import { serveHealth } from './kube/health.ts';
import { LeaderElection } from './kube/lease.ts';
import { jsonLog } from './kube/log.ts';
import { createMetrics } from './kube/metrics.ts';
import { KubeClient } from './kube/transport.ts';

const log = jsonLog(process.env.LOG_LEVEL ?? 'info');
// A restarted container has the same pod name and process id, but is not the same process.
const identity = `${process.env.POD_NAME ?? hostname()}_${randomUUID().slice(0, 8)}`;
const home = process.env.POD_NAMESPACE ?? 'cryptosense-system';
const watched = process.env.WATCH_NAMESPACE;

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());

const metrics = createMetrics();
const client = KubeClient.fromDefault({ metrics });
let synced = false;
const health = await serveHealth({
  // Only where several run on one machine they need other ports than the image's.
  port: Number(process.env.HEALTH_PORT ?? 8081),
  metricsPort: Number(process.env.METRICS_PORT ?? 8080),
  registry: metrics.registry,
  live: () => true,
  ready: () => synced || 'the caches are not filled yet',
});

const watchToPlan = new WatchToPlan(metrics.registry);
let controller: Controller | undefined;
const caches = new Caches({
  client,
  log,
  ...(watched ? { namespace: watched } : {}),
  onChange: (key) => {
    // One that waits for the lease makes no plans.
    if (controller === undefined) return;
    watchToPlan.arrived(key);
    controller.enqueue(key);
  },
});
caches.start(stop.signal);
await caches.synced();
synced = true;
log.info('caches are filled', { environments: caches.environments().length, api: API_VERSION });

const election = new LeaderElection({
  client,
  namespace: home,
  name: 'cryptosense-operator',
  identity,
  log,
  metrics,
});
try {
  await election.run(stop.signal, async (leading) => {
    const events = new EventRecorder({
      client,
      controller: 'cryptosense-operator',
      instance: identity,
      log,
      metrics,
    });
    const reconciler = new EnvironmentReconciler({
      client,
      caches,
      events,
      log,
      assertLeading: () => leading.assertLeading(),
      watchToPlan,
    });
    controller = new Controller({
      name: 'cryptosenseenvironment',
      reconcile: reconciler.reconcile,
      workers: 4,
      log,
      metrics,
    });
    for (const { metadata } of caches.environments())
      controller.enqueue(`${metadata.namespace}/${metadata.name}`);
    await controller.run(leading.signal);
    await events.flush();
  });
} catch (error) {
  // Another one leads now, or the lease cannot be renewed: a fresh process starts from what is, not from what was.
  log.error('leading ended', { error });
  process.exitCode = 1;
  stop.abort();
}
await health.close();
await client.close();
log.info('stopped');
