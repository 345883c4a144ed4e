import { hostname } from 'node:os';
import { API_VERSION } from './api/environment.ts';
import { Caches } from './environment/caches.ts';
import { EnvironmentReconciler } from './environment/reconciler.ts';
import { Controller } from './kube/controller.ts';
import { EventRecorder } from './kube/events.ts';
import { serveHealth } from './kube/health.ts';
import { LeaderElection } from './kube/lease.ts';
import { createLog } from './kube/log.ts';
import { registry } from './kube/metrics.ts';
import { KubeClient } from './kube/transport.ts';

const log = createLog(process.env.LOG_LEVEL ?? 'info');
const identity = `${process.env.POD_NAME ?? hostname()}_${process.pid}`;
const home = process.env.POD_NAMESPACE ?? 'cryptosense-system';
const watched = process.env.WATCH_NAMESPACE;

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());

const client = KubeClient.fromDefault();
let synced = false;
const health = await serveHealth({
  port: 8081,
  metricsPort: 8080,
  registry,
  live: () => true,
  ready: () => synced,
});

let controller: Controller | undefined;
const caches = new Caches({
  client,
  log,
  ...(watched ? { namespace: watched } : {}),
  onChange: (key) => controller?.enqueue(key),
});
caches.start(stop.signal);
await caches.synced();
synced = true;
log.info('caches are filled', { environments: caches.environments().length, api: API_VERSION });

const election = new LeaderElection({ client, namespace: home, name: 'cryptosense-operator', identity, log });
await election.run(stop.signal, async (leading) => {
  const events = new EventRecorder({ client, controller: 'cryptosense-operator', instance: identity, log });
  const reconciler = new EnvironmentReconciler({
    client,
    caches,
    events,
    log,
    assertLeading: () => leading.assertLeading(),
  });
  controller = new Controller({
    name: 'cryptosenseenvironment',
    reconcile: reconciler.reconcile,
    workers: 4,
    log,
  });
  for (const { metadata } of caches.environments())
    controller.enqueue(`${metadata.namespace}/${metadata.name}`);
  await controller.run(leading.signal);
});
await health.close();
await client.close();
log.info('stopped');
