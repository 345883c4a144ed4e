import { milliseconds } from './api/duration.ts';
import { WEB_FOLDER } from './api/spec/surroundings.ts';

/** What the operator's environment variables say; the manifests of dist/ set those that a pod needs. */
export interface Settings {
  logLevel: string;
  /** Watches and writes in this namespace only; in all when left out. */
  watchNamespace: string | undefined;
  /** Where the lease is. */
  homeNamespace: string;
  /** This process's host, for people. */
  podName: string | undefined;
  healthPort: number;
  metricsPort: number;
  /** Where the dashboard is served, on 127.0.0.1; nowhere when left out. */
  dashboardPort: number | undefined;
  /** Every environment is looked at again after this long, also when nothing was heard of it. */
  resyncMs: number;
  /** Hosts that webhooks may go to; all but the operator's own machine when left out. */
  notificationHosts: string[] | undefined;
  /** The folder of the runbooks, for alerts of environments that name none; the project's own when left out. */
  runbooks: string | undefined;
  /** Where traces are sent; nowhere when left out. */
  tracing: TracingSettings | undefined;
}

export interface TracingSettings {
  /** The base address of an OTLP collector that takes HTTP. */
  endpoint: string;
  /** The share of the reconciliations that are recorded, 0 to 1. */
  share: number;
}

const LOG_LEVELS = ['error', 'warn', 'info', 'debug'];
/** RFC 1123, as the API server checks names of namespaces. */
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** A name, an address, or *. and the end of many names. */
const HOST = /^([*][.])?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$|^[0-9a-f:]+$/;
/** controller-runtime's SyncPeriod. */
const RESYNC_PERIOD = '10h';
const SHORTEST_RESYNC_MS = 1_000;

/** Throws one Error that names every variable that is wrong, one a line. */
export function settingsFrom(env: Record<string, string | undefined>): Settings {
  const wrong: string[] = [];
  const checked = <T>(name: string, value: T, isRight: boolean, wanted: string): T => {
    if (!isRight) wrong.push(`${name} is "${env[name]}": ${wanted}`);
    return value;
  };
  const port = (name: string, otherwise: number) => {
    const value = Number(env[name] || otherwise);
    return checked(
      name,
      value,
      Number.isInteger(value) && value > 0 && value < 65_536,
      'write a port, 1 to 65535',
    );
  };
  const namespace = (name: string, otherwise: string | undefined) => {
    const value = env[name] || otherwise;
    return checked(
      name,
      value,
      value === undefined || NAMESPACE.test(value),
      'write the name of one namespace',
    );
  };
  const logLevel = env.LOG_LEVEL || 'info';
  checked('LOG_LEVEL', logLevel, LOG_LEVELS.includes(logLevel), `write one of ${LOG_LEVELS.join(', ')}`);
  const resyncMs = duration(env.RESYNC_PERIOD || RESYNC_PERIOD);
  checked(
    'RESYNC_PERIOD',
    resyncMs,
    resyncMs >= SHORTEST_RESYNC_MS,
    'write a duration of a second at least, for example 30m or 10h',
  );
  const hosts = (env.NOTIFICATION_HOSTS ?? '').split(',').flatMap((host) => host.trim().toLowerCase() || []);
  checked(
    'NOTIFICATION_HOSTS',
    hosts,
    hosts.every((host) => HOST.test(host)),
    'write names of hosts with commas between them, for example hooks.slack.com,*.corp.example.com',
  );
  const share = Number(env.OTEL_TRACES_SAMPLER_ARG || 1);
  checked('OTEL_TRACES_SAMPLER_ARG', share, share >= 0 && share <= 1, 'write a share from 0 to 1');
  const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT?.replace(/\/+$/, '');
  checked(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    endpoint,
    !endpoint || isWebAddress(endpoint),
    'write the http or https address of a collector, for example http://jaeger.monitoring:4318',
  );
  const runbooks = env.RUNBOOKS_URL || undefined;
  checked(
    'RUNBOOKS_URL',
    runbooks,
    runbooks === undefined || WEB_FOLDER.test(runbooks),
    'write the address of a folder, for example https://git.example.com/cryptosense/docs/runbooks',
  );
  const settings = {
    logLevel,
    watchNamespace: namespace('WATCH_NAMESPACE', undefined),
    homeNamespace: namespace('POD_NAMESPACE', 'cryptosense-system') ?? '',
    podName: env.POD_NAME,
    healthPort: port('HEALTH_PORT', 8081),
    metricsPort: port('METRICS_PORT', 8080),
    dashboardPort: env.DASHBOARD_PORT ? port('DASHBOARD_PORT', 0) : undefined,
    resyncMs,
    notificationHosts: hosts.length > 0 ? hosts : undefined,
    tracing: endpoint ? { endpoint, share } : undefined,
    runbooks,
  };
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  return settings;
}

function isWebAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function duration(text: string): number {
  try {
    return milliseconds(text);
  } catch {
    return Number.NaN;
  }
}
