import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** controller-runtime's buckets, so that its dashboards' quantiles stay comparable. */
const RECONCILE_SECONDS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5,
  1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];
/** client-go's. */
const REQUEST_SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];
const QUEUE_SECONDS = [1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10, 100, 1000];

export type Metrics = ReturnType<typeof createMetrics>;

/** A registry with the metrics of the plumbing, under the names and labels of controller-runtime. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  /** Called before each scrape: ages are measured when somebody looks. */
  const workInProgress = new Set<() => void>();
  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter<L>({ name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Gauge<L>({ name, help, labelNames, registers });
  const histogram = <L extends string>(name: string, help: string, labelNames: L[], buckets: number[]) =>
    new Histogram<L>({ name, help, labelNames, buckets, registers });

  return {
    registry,
    requests: counter(
      'rest_client_requests_total',
      'Requests to the API server by code, method and host; code <error> when no answer came.',
      ['code', 'method', 'host'],
    ),
    requestSeconds: histogram(
      'rest_client_request_duration_seconds',
      'From sending a request to the end of its answer, each attempt by itself; watches are left out.',
      ['verb', 'host'],
      REQUEST_SECONDS,
    ),
    turnSeconds: histogram(
      'rest_client_rate_limiter_duration_seconds',
      'How long a request waited for its turn before it was sent.',
      ['verb', 'host'],
      REQUEST_SECONDS,
    ),
    reconciles: counter(
      'controller_runtime_reconcile_total',
      'Reconciliations by controller and result: success, error, requeue_after.',
      ['controller', 'result'],
    ),
    reconcileErrors: counter('controller_runtime_reconcile_errors_total', 'Reconciliations that failed.', [
      'controller',
    ]),
    terminalErrors: counter(
      'controller_runtime_terminal_reconcile_errors_total',
      'Reconciliations that failed in a way that is not retried.',
      ['controller'],
    ),
    panics: counter(
      'controller_runtime_reconcile_panics_total',
      'Reconciliations that failed by a programming error.',
      ['controller'],
    ),
    reconcileSeconds: histogram(
      'controller_runtime_reconcile_time_seconds',
      'Length of a reconciliation.',
      ['controller'],
      RECONCILE_SECONDS,
    ),
    maxConcurrent: gauge('controller_runtime_max_concurrent_reconciles', 'Workers of a controller.', [
      'controller',
    ]),
    activeWorkers: gauge('controller_runtime_active_workers', 'Workers that reconcile now.', ['controller']),
    depth: gauge('workqueue_depth', 'Keys that are ready and wait for a worker.', ['name', 'controller']),
    adds: counter('workqueue_adds_total', 'Keys that became ready.', ['name', 'controller']),
    queueSeconds: histogram(
      'workqueue_queue_duration_seconds',
      'How long a key waited for a worker.',
      ['name', 'controller'],
      QUEUE_SECONDS,
    ),
    workSeconds: histogram(
      'workqueue_work_duration_seconds',
      'How long a key was worked on.',
      ['name', 'controller'],
      QUEUE_SECONDS,
    ),
    workInProgress,
    unfinishedSeconds: new Gauge<'name' | 'controller'>({
      name: 'workqueue_unfinished_work_seconds',
      help: 'Age of the work in progress, summed.',
      labelNames: ['name', 'controller'],
      registers,
      collect: () => {
        for (const measure of workInProgress) measure();
      },
    }),
    longestSeconds: gauge(
      'workqueue_longest_running_processor_seconds',
      'Age of the oldest work in progress.',
      ['name', 'controller'],
    ),
    retries: counter('workqueue_retries_total', 'Keys that were put back after a failure.', [
      'name',
      'controller',
    ]),
    leading: gauge('leader_election_master_status', '1 while this process leads.', ['name']),
    droppedEvents: counter(
      'event_recorder_dropped_total',
      'Events that were not written, to spare the API server.',
      ['reason'],
    ),
  };
}

/** The process's metrics: what is measured goes here unless a test passes its own. */
export const metrics: Metrics = createMetrics();
