import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { renderComponents } from '../charts/render.ts';
import project from '../package.json' with { type: 'json' };
import { API_VERSION, BACKUP_KIND, RESTORE_KIND } from './api/well-known.ts';
import type { Dashboard, DashboardOptions } from './dashboard/server.ts';
import { Caches } from './environment/caches.ts';
import { EnvironmentReconciler } from './environment/reconciler.ts';
import { withRunbooks } from './environment/runbooks.ts';
import { WatchToPlan } from './environment/watch-to-plan.ts';
import { unlessAborted } from './kube/clock.ts';
import { Controller } from './kube/controller.ts';
import { EventRecorder } from './kube/events.ts';
import { serveHealth } from './kube/health.ts';
import { defaultKubeConfig } from './kube/kubeconfig.ts';
import { LeaderElection } from './kube/lease.ts';
import { jsonLog, type Log } from './kube/log.ts';
import { createMetrics } from './kube/metrics.ts';
import { KubeClient } from './kube/transport.ts';
import { environmentGauges } from './metrics/environment-gauges.ts';
import { processGauges } from './metrics/process-gauges.ts';
import { notificationMetrics } from './notifications/metrics.ts';
import { Notifier } from './notifications/notifier.ts';
import { type Settings, settingsFrom } from './settings.ts';
import type { Tracing } from './tracing.ts';

/** What the pod's terminationGracePeriodSeconds (30) leaves: what has not ended by then is ended. */
const GRACE_MS = 28_000;
const WORK_MS = 20_000;
const EVENTS_MS = 2_000;
/** The watches tell of one environment's writes one by one, and each look at it costs the same. */
const REST_MS = 40;

/**
 * The whole program, from the environment's settings to the end of the process's work. `renderComponents`: other charts
 * than this version's own.
 */
export async function runOperator(
  options: { renderComponents?: typeof renderComponents } = {},
): Promise<void> {
  const { renderComponents: charts = renderComponents } = options;
  const settings = readSettings();
  const log = jsonLog(settings.logLevel);
  // A restarted container has the same pod name and process id, but is not the same process.
  const identity = `${settings.podName ?? hostname()}_${randomUUID().slice(0, 8)}`;

  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  stop.signal.addEventListener('abort', () => {
    setTimeout(() => {
      log.error('the stop took too long; leaving what runs');
      process.exit(1);
    }, GRACE_MS).unref();
  });

  const tracing = await openTracing(settings, identity, log);
  const metrics = createMetrics();
  const client = KubeClient.fromDefault({ metrics });
  const watchToPlan = new WatchToPlan(metrics.registry);
  let controller: Controller | undefined;
  let dashboard: Dashboard | undefined;
  const caches = new Caches({
    client,
    log,
    ...(settings.watchNamespace ? { namespace: settings.watchNamespace } : {}),
    onChange: (key) => {
      dashboard?.changed(key);
      // One that waits for the lease makes no plans.
      if (controller === undefined) return;
      watchToPlan.arrived(key);
      controller.enqueue(key);
    },
  });
  processGauges(metrics.registry);
  environmentGauges(metrics.registry, {
    environments: () => caches.environments(),
    backups: (namespace, environment) => caches.of(BACKUP_KIND, namespace, environment),
    restores: (namespace, environment) => caches.of(RESTORE_KIND, namespace, environment),
  });
  let synced = false;
  const health = await serveHealth({
    port: settings.healthPort,
    metricsPort: settings.metricsPort,
    registry: metrics.registry,
    live: () => true,
    ready: () => synced || (caches.problem() ?? 'the caches are not filled yet'),
  });

  const keys = () => caches.environments().map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  if (settings.dashboardPort !== undefined)
    dashboard = await openDashboard({ port: settings.dashboardPort, source: caches, log });
  caches.start(stop.signal);
  // A stop may come before the server has answered at all.
  await unlessAborted(caches.synced(), stop.signal).then(
    () => {
      synced = true;
      log.info('caches are filled', { environments: keys().length, api: API_VERSION });
    },
    () => log.info('stopped before the caches were filled'),
  );

  const election = new LeaderElection({
    client,
    namespace: settings.homeNamespace,
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
      const notifier: Notifier = new Notifier({
        client,
        events,
        log,
        assertLeading: () => leading.assertLeading(),
        onChange: (key) => controller?.enqueue(key),
        metrics: notificationMetrics(metrics.registry, () => notifier.waiting()),
        allowedHosts: settings.notificationHosts,
      });
      const reconciler = new EnvironmentReconciler({
        client,
        caches,
        events,
        log,
        assertLeading: () => leading.assertLeading(),
        watchToPlan,
        wake: (key) => controller?.enqueue(key),
        notifier,
        renderComponents: settings.runbooks === undefined ? charts : withRunbooks(charts, settings.runbooks),
      });
      controller = new Controller({
        name: 'cryptosenseenvironment',
        reconcile: reconciler.reconcile,
        workers: 4,
        restMs: REST_MS,
        stopDeadlineMs: WORK_MS,
        resync: { everyMs: settings.resyncMs, keys },
        log,
        metrics,
      });
      for (const key of keys()) controller.enqueue(key);
      await controller.run(leading.signal);
      await reconciler.stop();
      // Events are worth a moment, not the lease's release.
      await unlessAborted(events.flush(), AbortSignal.timeout(EVENTS_MS)).catch(() => {});
    });
  } catch (error) {
    // Another one leads now, or the lease cannot be renewed: a fresh process starts from what is, not from what was.
    log.error('leading ended', { error });
    process.exitCode = 1;
    stop.abort();
  }
  await dashboard?.close();
  await health.close();
  await client.close();
  await tracing?.end();
  log.info('stopped');
}

async function openTracing({ tracing }: Settings, instance: string, log: Log): Promise<Tracing | undefined> {
  if (!tracing) return undefined;
  // Loaded only where it is wanted.
  const { startTracing } = await import('./tracing.ts');
  return startTracing({ tracing, version: project.version, instance, log });
}

/** Environments are looked after without a page, too: what keeps it from being served is said and no more. */
async function openDashboard(options: Omit<DashboardOptions, 'cluster'>): Promise<Dashboard | undefined> {
  const { log, port } = options;
  try {
    const cluster = defaultKubeConfig().getCurrentCluster();
    if (!cluster) throw new Error('the kubeconfig has no current cluster');
    // Loaded only where it is wanted.
    const { serveDashboard } = await import('./dashboard/server.ts');
    const dashboard = await serveDashboard({ ...options, cluster });
    log.info('the dashboard is served on 127.0.0.1', { port });
    return dashboard;
  } catch (error) {
    log.error('the dashboard cannot be served', { error, port });
    return undefined;
  }
}

function readSettings(): Settings {
  try {
    return settingsFrom(process.env);
  } catch (error) {
    console.error(`The operator cannot start:\n${(error as Error).message}`);
    process.exit(2);
  }
}
