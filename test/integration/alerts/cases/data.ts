import { counter, gauge, ofDatabase, series } from '../series.ts';
import { type Case, claim, condition, databasePod, volume } from './case.ts';

export const DATA: readonly Case[] = [
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
