import { counter, gap, gauge, ofApi, ofDatabase, ramp, series } from './series.ts';

export interface Case {
  /** Name of the alert, without its prefix. */
  readonly alert: string;
  readonly because: string;
  readonly series: Readonly<Record<string, string>>;
  /** The minute at which it fires, and not one earlier; undefined when it is to stay silent to the end. */
  readonly minute?: number;
  /** Labels that it has besides those of the environment. */
  readonly labels?: Readonly<Record<string, string>>;
}

const DAY = 86_400;
const HOUR = 3_600;

const users = { route: '/api/v1/prices/:symbol', method: 'GET' };
const answered = (status: string) => ofApi('http_requests_total', { ...users, status });
const forecasts = (status: string) =>
  ofApi('http_requests_total', { method: 'GET', route: '/api/v1/predictions/:symbol', status });
/** Users' requests a minute, and how many of them within a second. */
const durations = (all: string, prompt: string) => ({
  [ofApi('http_request_duration_seconds_bucket', { ...users, status_class: '2xx', le: '1' })]: prompt,
  [ofApi('http_request_duration_seconds_bucket', { ...users, status_class: '2xx', le: '5' })]: all,
  [ofApi('http_request_duration_seconds_bucket', { ...users, status_class: '2xx', le: '+Inf' })]: all,
  [answered('200')]: all,
});
const claim = { persistentvolumeclaim: 'data-shop-database-0' };
const volume = (used: string) => ({
  [`kubelet_volume_stats_used_bytes{namespace="market",persistentvolumeclaim="${claim.persistentvolumeclaim}"}`]:
    used,
  [`kubelet_volume_stats_capacity_bytes{namespace="market",persistentvolumeclaim="${claim.persistentvolumeclaim}"}`]:
    gauge([100, 60]),
});
const condition = (type: string) => series('cryptosense_environment_condition', { type });
const databasePod = { pod: 'shop-database-0' };

/** The guide's eight. */
const GUIDE: readonly Case[] = [
  {
    alert: 'ApiDown',
    because: 'no pod has answered at the minutes 10, 11 and 12',
    series: { [ofApi('up')]: gauge([1, 10], [0, 20]) },
    minute: 12,
  },
  {
    alert: 'ApiDown',
    because: 'the operator has seen no ready pod at the minutes 10, 11 and 12, though one answers Prometheus',
    series: {
      [ofApi('up')]: gauge([1, 30]),
      [series('cryptosense_environment_ready_replicas')]: gauge([2, 10], [0, 20]),
    },
    minute: 12,
  },
  {
    alert: 'ApiDown',
    because: 'three checks failed within five minutes, not one after the other',
    series: { [ofApi('up')]: gauge([1, 10], [0, 1], [1, 1], [0, 1], [1, 1], [0, 1], [1, 5]) },
    minute: 14,
  },
  {
    alert: 'ApiDown',
    because: 'two checks in five minutes failed, and one of two pods',
    series: {
      [ofApi('up')]: gauge([1, 10], [0, 2], [1, 10]),
      [ofApi('up', { pod: 'shop-api-2' })]: gauge([0, 10], [0, 2], [1, 10]),
    },
  },
  {
    alert: 'DatabaseDown',
    because: 'the exporter cannot log in from minute 10 on',
    series: { [ofDatabase('pg_up')]: gauge([1, 10], [0, 10]) },
    minute: 12,
  },
  {
    alert: 'DatabaseDown',
    because: 'no pod is ready from minute 10 on',
    series: {
      [series('cryptosense_component_ready_pods', { component: 'database' })]: gauge([1, 10], [0, 10]),
    },
    minute: 12,
  },
  {
    alert: 'DatabaseDown',
    because: 'every attempt of the API fails from minute 10 on, which fills the window of a minute at 11',
    series: {
      [ofApi('cryptosense_database_attempts_total', { result: 'ok' })]: counter([60, 10], [0, 10]),
      [ofApi('cryptosense_database_attempts_total', { result: 'failed' })]: counter([0, 10], [60, 10]),
    },
    minute: 13,
  },
  {
    alert: 'DatabaseDown',
    because: '89 % of the attempts fail, and one of two members refuses',
    series: {
      [ofApi('cryptosense_database_attempts_total', { result: 'ok' })]: counter([11, 20]),
      [ofApi('cryptosense_database_attempts_total', { result: 'failed' })]: counter([89, 20]),
      [ofDatabase('pg_up')]: gauge([1, 20]),
      [ofDatabase('pg_up', { pod: 'shop-database-1' })]: gauge([0, 20]),
    },
  },
  {
    alert: 'ErrorSpike',
    because:
      '120 failures a minute from minute 10 on: more than 100 over two minutes at 12, and five minutes of that',
    series: { [answered('500')]: counter([0, 10], [120, 20]) },
    minute: 17,
  },
  {
    alert: 'ErrorSpike',
    because: '100 a minute are not more than 100, and forecasts without a predictor are no failures',
    series: { [answered('503')]: counter([100, 30]), [forecasts('503')]: counter([500, 30]) },
  },
  {
    alert: 'DiskFull',
    because: 'it is at 96 % at minute 10',
    series: volume(gauge([95, 10], [96, 10])),
    minute: 10,
    labels: claim,
  },
  {
    alert: 'HighLatency',
    because: '6 % take longer than a second from the beginning on',
    series: durations(counter([100, 30]), counter([94, 30])),
    // At 0 there is one sample, and a rate needs two.
    minute: 11,
  },
  {
    alert: 'HighLatency',
    because: '4 % are not one in twenty, and streams stay open by design',
    series: {
      ...durations(counter([100, 30]), counter([96, 30])),
      [ofApi('http_request_duration_seconds_bucket', { route: '/api/v1/prices/stream', le: '1' })]: counter([
        0, 30,
      ]),
      [ofApi('http_request_duration_seconds_bucket', { route: '/api/v1/prices/stream', le: '+Inf' })]:
        counter([100, 30]),
    },
  },
  {
    alert: 'ErrorRate',
    because: '6 % fail from the beginning on',
    series: { [answered('200')]: counter([94, 30]), [answered('500')]: counter([6, 30]) },
    minute: 16,
  },
  {
    alert: 'ErrorRate',
    because: '5 % are not more than 5 %, and clients may be wrong as often as they like',
    series: {
      [answered('200')]: counter([50, 30]),
      [answered('404')]: counter([45, 30]),
      [answered('500')]: counter([5, 30]),
    },
  },
  {
    alert: 'HighCpu',
    because: 'a pod uses 0.45 of the 0.5 cores that it asks for, which five minutes have seen at minute 5',
    series: {
      [ofApi('process_cpu_seconds_total')]: counter([27, 40]),
      [series('cryptosense_api_cpu_request_cores')]: gauge([0.5, 40]),
    },
    minute: 25,
  },
  {
    alert: 'HighCpu',
    because: 'they use 0.39 of 0.5 cores, which is 78 %',
    series: {
      [ofApi('process_cpu_seconds_total')]: counter([23.4, 40]),
      [series('cryptosense_api_cpu_request_cores')]: gauge([0.5, 40]),
    },
  },
  {
    alert: 'MemoryLeak',
    because: 'it has had a fifth more since minute 150: at 165 for all of a quarter of an hour',
    series: {
      [ofApi('process_resident_memory_bytes')]: gauge([100e6, 150], [120e6, 50]),
      [ofApi('process_start_time_seconds')]: gauge([0, 200]),
    },
    minute: 165,
    labels: { pod: 'shop-api-1' },
  },
  {
    alert: 'MemoryLeak',
    because: 'a young pod grows, and garbage comes and goes',
    series: {
      [ofApi('process_resident_memory_bytes')]: ramp(100e6, 160e6, 115),
      [ofApi('process_start_time_seconds')]: gauge([0, 115]),
      [ofApi('process_resident_memory_bytes', { pod: 'shop-api-2' })]: gauge(
        [100e6, 60],
        [150e6, 10],
        [100e6, 45],
      ),
      [ofApi('process_start_time_seconds', { pod: 'shop-api-2' })]: gauge([-DAY, 115]),
    },
  },
];

const OBJECTIVES: readonly Case[] = [
  {
    alert: 'AvailabilityBurnsFast',
    because: '20 % fail after six hours without one: 1.44 % of an hour when 4.3 minutes have passed',
    series: {
      [answered('200')]: counter([100, 360], [80, 20]),
      [answered('500')]: counter([0, 360], [20, 20]),
    },
    minute: 365,
  },
  {
    alert: 'AvailabilityBurnsFast',
    because:
      '0.9 % fail after an hour without one: more than 0.6 % of all (factor 6) when two hours have passed',
    series: {
      [answered('200')]: counter([1000, 60], [991, 150]),
      [answered('500')]: counter([0, 60], [9, 150]),
    },
    minute: 181,
  },
  {
    alert: 'AvailabilityBurnsFast',
    because: '0.5 % fail, which is no emergency; and half of ten requests an hour, which says nothing',
    series: {
      [answered('200')]: counter([995, 400]),
      [answered('500')]: counter([5, 400]),
      [ofApi('http_requests_total', { environment: 'quiet', ...users, status: '200' })]: counter([0.1, 400]),
      [ofApi('http_requests_total', { environment: 'quiet', ...users, status: '500' })]: counter([0.1, 400]),
    },
  },
  {
    alert: 'AvailabilityBurnsSlowly',
    because: '0.15 % fail after an hour without one: more than 0.1 % of all when two hours have passed',
    series: {
      [answered('200')]: counter([1000, 60], [998.5, 150]),
      [answered('500')]: counter([0, 60], [1.5, 150]),
    },
    minute: 181,
  },
  {
    alert: 'AvailabilityBurnsSlowly',
    because: '0.09 % fail',
    series: { [answered('200')]: counter([9991, 400]), [answered('500')]: counter([9, 400]) },
  },
  {
    alert: 'LatencyBurnsFast',
    because:
      'after an hour without one all are slow: 72 % of the hour after 43 minutes; 30 % of six hours earlier',
    series: durations(counter([100, 60], [100, 60]), counter([100, 60], [0, 60])),
    minute: 86,
  },
  {
    alert: 'LatencyBurnsFast',
    because: 'a quarter is slow, which is less than 30 %',
    series: durations(counter([100, 400]), counter([75, 400])),
  },
  {
    alert: 'LatencyBurnsSlowly',
    because: '12 % are slow after an hour without one: more than 5 % of all when 43 minutes have passed',
    series: durations(counter([100, 60], [100, 90]), counter([100, 60], [88, 90])),
    minute: 103,
  },
  {
    alert: 'LatencyBurnsSlowly',
    because: '4 % are slow',
    series: durations(counter([100, 400]), counter([96, 400])),
  },
];

const DATA: readonly Case[] = [
  {
    alert: 'DatabaseConnections',
    because: '161 of 200 are used from minute 10 on',
    series: {
      [ofDatabase('pg_stat_activity_count', { state: 'idle' })]: gauge([100, 20]),
      [ofDatabase('pg_stat_activity_count', { state: 'active' })]: gauge([60, 10], [61, 10]),
      [ofDatabase('pg_settings_max_connections')]: gauge([200, 20]),
    },
    minute: 15,
    labels: databasePod,
  },
  {
    alert: 'SlowQueries',
    because: 'one is older than a second at every look from minute 10 on',
    series: {
      [ofDatabase('pg_stat_activity_max_tx_duration', { state: 'active', datname: 'cryptosense' })]: gauge(
        [1, 10],
        [1.5, 10],
      ),
    },
    minute: 15,
    labels: { datname: 'cryptosense' },
  },
  {
    alert: 'SlowQueries',
    because: 'a transaction that waits for its client is no query, and a backup is no client',
    series: {
      [ofDatabase('pg_stat_activity_max_tx_duration', {
        state: 'idle in transaction',
        datname: 'cryptosense',
      })]: gauge([90, 20]),
      [ofDatabase('pg_stat_activity_max_tx_duration', { state: 'active', datname: '' })]: gauge([900, 20]),
    },
  },
  {
    alert: 'ReplicationLag',
    because: 'a replica is 31 seconds behind from minute 10 on',
    series: { [ofDatabase('pg_replication_lag_seconds')]: gauge([30, 10], [31, 10]) },
    minute: 15,
    labels: databasePod,
  },
  {
    alert: 'DiskFilling',
    because: 'it is at 81 % from minute 10 on',
    series: volume(gauge([80, 10], [81, 20])),
    minute: 20,
    labels: claim,
  },
  {
    alert: 'BufferCacheMisses',
    because:
      'every fifth of many blocks comes from the disk: more than 100 a second of five minutes at minute 2',
    series: {
      [ofDatabase('pg_stat_database_blks_hit', { datname: 'cryptosense' })]: counter([80_000, 30]),
      [ofDatabase('pg_stat_database_blks_read', { datname: 'cryptosense' })]: counter([20_000, 30]),
    },
    minute: 17,
    labels: databasePod,
  },
  {
    alert: 'BufferCacheMisses',
    because: 'half of a few blocks come from the disk',
    series: {
      [ofDatabase('pg_stat_database_blks_hit', { datname: 'cryptosense' })]: counter([1000, 30]),
      [ofDatabase('pg_stat_database_blks_read', { datname: 'cryptosense' })]: counter([1000, 30]),
    },
  },
  {
    alert: 'ArchiveFailing',
    because: 'every try fails from minute 10 on, and none has gone well within two minutes at 12',
    series: {
      [ofDatabase('pg_stat_archiver_failed_count')]: counter([0, 10], [3, 20]),
      [ofDatabase('pg_stat_archiver_archived_count')]: counter([1, 10], [0, 20]),
    },
    minute: 17,
    labels: databasePod,
  },
  {
    alert: 'ArchiveFailing',
    because: 'some tries fail and others go well',
    series: {
      [ofDatabase('pg_stat_archiver_failed_count')]: counter([3, 30]),
      [ofDatabase('pg_stat_archiver_archived_count')]: counter([1, 30]),
    },
  },
  {
    alert: 'PoolerSaturated',
    because: 'a client waits for more than a second from minute 10 on',
    series: {
      [series('pgbouncer_pools_client_maxwait_seconds', { pod: 'shop-pooler-1' })]: gauge([0, 10], [2, 10]),
    },
    minute: 15,
    labels: { pod: 'shop-pooler-1' },
  },
  {
    alert: 'PoolerSaturated',
    because: '801 of 1000 clients are there from minute 10 on',
    series: {
      [series('pgbouncer_used_clients', { pod: 'shop-pooler-1' })]: gauge([800, 10], [801, 10]),
      [series('pgbouncer_config_max_client_connections', { pod: 'shop-pooler-1' })]: gauge([1000, 20]),
    },
    minute: 15,
    labels: { pod: 'shop-pooler-1' },
  },
  {
    alert: 'CacheNoPrimary',
    because: 'the member that is left is a replica from minute 10 on',
    series: {
      [series('redis_up', { pod: 'shop-cache-1' })]: gauge([1, 20]),
      [series('redis_instance_info', { pod: 'shop-cache-1', role: 'slave' })]: gauge([1, 20]),
      [series('redis_instance_info', { pod: 'shop-cache-0', role: 'master' })]: `${gauge([1, 10])} stale`,
    },
    minute: 12,
  },
  {
    alert: 'CacheNoPrimary',
    because: 'the operator says so from minute 10 on',
    series: { [condition('CacheReady')]: gauge([1, 10], [0, 10]) },
    minute: 12,
  },
  {
    alert: 'TargetDown',
    because: 'the exporter does not answer from minute 10 on',
    series: { [ofDatabase('up')]: gauge([1, 10], [0, 20]) },
    minute: 20,
    labels: { pod: 'shop-database-0', app_kubernetes_io_component: 'database' },
  },
];

const born = (seconds: number) => ({
  [series('cryptosense_environment_created_timestamp_seconds')]: gauge([-seconds, 20]),
});
const full = { type: 'full' };

const OPERATIONS: readonly Case[] = [
  {
    alert: 'EnvironmentNotReady',
    because: 'Ready is False from minute 10 on',
    series: { [condition('Ready')]: gauge([1, 10], [0, 10]) },
    minute: 15,
  },
  {
    alert: 'EnvironmentNotReady',
    because: 'Ready is not known',
    series: { [condition('Ready')]: gauge([-1, 20]) },
  },
  {
    alert: 'ReleaseStuck',
    because: 'Stalled is True from minute 10 on',
    series: { [condition('Stalled')]: gauge([0, 10], [1, 10]) },
    minute: 15,
  },
  {
    alert: 'ReleaseStuck',
    because: 'the candidate has waited since the beginning: 15 minutes are over after minute 15',
    series: { [series('cryptosense_release_waiting_since_timestamp_seconds')]: gauge([0, 30]) },
    minute: 21,
  },
  {
    alert: 'ReleaseRolledBack',
    because: 'one was at minute 10',
    series: { [series('cryptosense_release_rejected_timestamp_seconds')]: `${gap(10)} ${gauge([600, 10])}` },
    minute: 10,
  },
  {
    alert: 'BackupOverdue',
    because: 'the last one was complete 26 hours before minute 10',
    series: {
      ...born(10 * DAY),
      [series('cryptosense_backup_enabled')]: gauge([1, 20]),
      [series('cryptosense_backup_completed_timestamp_seconds', full)]: gauge([-26 * HOUR + 600 - 1, 20]),
      // A dump is no full backup.
      [series('cryptosense_backup_completed_timestamp_seconds', { type: 'dump' })]: gauge([0, 20]),
    },
    minute: 10,
  },
  {
    alert: 'BackupOverdue',
    because: 'there has been none since the environment was made 26 hours before minute 10',
    series: { ...born(26 * HOUR - 600 + 1), [series('cryptosense_backup_enabled')]: gauge([1, 20]) },
    minute: 10,
  },
  {
    alert: 'BackupOverdue',
    because: 'backups are switched off',
    series: { ...born(10 * DAY), [series('cryptosense_backup_enabled')]: gauge([0, 20]) },
  },
  {
    alert: 'BackupUnverified',
    because: 'the last one that is verified is 28 hours old at minute 10, newer ones are not verified',
    series: {
      ...born(10 * DAY),
      [series('cryptosense_backup_enabled')]: gauge([1, 20]),
      [series('cryptosense_backup_completed_timestamp_seconds', full)]: gauge([0, 20]),
      [series('cryptosense_backup_verified_timestamp_seconds', full)]: gauge([-28 * HOUR + 600 - 1, 20]),
    },
    minute: 10,
  },
  {
    alert: 'DrillOverdue',
    because: 'the last one was 100 days before minute 10',
    series: {
      ...born(400 * DAY),
      [series('cryptosense_drill_scheduled')]: gauge([1, 20]),
      [series('cryptosense_drill_completed_timestamp_seconds')]: gauge([-100 * DAY + 600 - 1, 20]),
    },
    minute: 10,
  },
];

const OPERATOR: readonly Case[] = [
  {
    alert: 'OperatorDown',
    because: 'it does not answer from minute 10 on',
    series: { 'up{job="cryptosense-operator"}': gauge([1, 10], [0, 10]) },
    minute: 15,
  },
  {
    alert: 'OperatorDown',
    because: 'nothing knows of it from minute 10 on',
    series: { 'up{job="cryptosense-operator"}': `${gauge([1, 10])} stale` },
    minute: 15,
  },
  {
    alert: 'OperatorErrors',
    because: 'it fails twice a minute: more than ten times after minute 5, and 15 minutes of that',
    series: {
      'controller_runtime_reconcile_errors_total{controller="cryptosenseenvironment"}': counter([2, 40]),
    },
    minute: 21,
    labels: { controller: 'cryptosenseenvironment' },
  },
  {
    alert: 'NotificationsLost',
    because: 'one is lost at minute 10',
    series: {
      'cryptosense_notifications_lost_total{type="slack",reason="expired"}': gauge([0, 10], [1, 10]),
    },
    minute: 10,
    labels: { type: 'slack', reason: 'expired' },
  },
];

export const CASES: readonly Case[] = [...GUIDE, ...OBJECTIVES, ...DATA, ...OPERATIONS, ...OPERATOR];

/** Alerts that are about no environment. */
export const WITHOUT_ENVIRONMENT = new Set(OPERATOR.map(({ alert }) => alert));
