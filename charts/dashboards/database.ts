import { type Dashboard, of, one, rate } from './dashboard.ts';

const DATABASE = 'datname=~"cryptosense.*"';

/** PostgreSQL, PgBouncer and Redis, by their exporters (spec.observability.exporters). */
export const DATABASES: Dashboard = {
  uid: 'cryptosense-database',
  title: 'CryptoSense: database, pooler and cache',
  description: 'Connections, queries, replication and archive of PostgreSQL; what waits in PgBouncer; Redis.',
  about: 'environment',
  rows: [
    {
      title: 'PostgreSQL',
      panels: [
        {
          title: 'Connections',
          description: 'Used share of max_connections; above 80 % an alert fires.',
          kind: 'timeseries',
          unit: 'percentunit',
          limit: 0.8,
          queries: one(
            `sum by (pod) (${of('pg_stat_activity_count')}) / max by (pod) (${of('pg_settings_max_connections')})`,
            '{{pod}}',
          ),
        },
        {
          title: 'Sessions by state',
          description: '"idle in transaction" holds locks and a connection for nothing.',
          kind: 'timeseries',
          unit: 'short',
          queries: one(`sum by (state) (${of('pg_stat_activity_count', DATABASE)})`, '{{state}}'),
        },
        {
          title: 'Oldest query',
          description:
            'How long the oldest query of a client has been running; above a second an alert fires.',
          kind: 'timeseries',
          unit: 's',
          limit: 1,
          queries: one(
            `max by (pod) (${of('pg_stat_activity_max_tx_duration', 'state="active"', DATABASE)})`,
            '{{pod}}',
          ),
        },
        {
          title: 'Transactions',
          description: 'A second.',
          kind: 'timeseries',
          unit: 'reqps',
          queries: [
            { expr: `sum(${rate('pg_stat_database_xact_commit', DATABASE)})`, legend: 'committed' },
            { expr: `sum(${rate('pg_stat_database_xact_rollback', DATABASE)})`, legend: 'rolled back' },
          ],
        },
        {
          title: 'Blocks found in memory',
          description: 'Below 90 % queries wait for the disk.',
          kind: 'timeseries',
          unit: 'percentunit',
          queries: one(
            `sum by (pod) (${rate('pg_stat_database_blks_hit', DATABASE)}) / (sum by (pod) (${rate('pg_stat_database_blks_hit', DATABASE)}) + sum by (pod) (${rate('pg_stat_database_blks_read', DATABASE)}))`,
            '{{pod}}',
          ),
        },
        {
          title: 'Behind the primary',
          description: 'Seconds that a replica has not replayed yet; above 30 an alert fires.',
          kind: 'timeseries',
          unit: 's',
          limit: 30,
          queries: one(`max by (pod) (${of('pg_replication_lag_seconds')})`, '{{pod}}'),
        },
        {
          title: 'Archive of the log',
          description: 'Segments that were archived, and tries that failed, in five minutes.',
          kind: 'timeseries',
          unit: 'short',
          queries: [
            {
              expr: `sum by (pod) (increase(${of('pg_stat_archiver_archived_count')}[5m]))`,
              legend: 'archived {{pod}}',
            },
            {
              expr: `sum by (pod) (increase(${of('pg_stat_archiver_failed_count')}[5m]))`,
              legend: 'failed {{pod}}',
            },
          ],
        },
        {
          title: 'Size',
          description: 'Of the databases.',
          kind: 'timeseries',
          unit: 'bytes',
          queries: one(`max by (datname) (${of('pg_database_size_bytes', DATABASE)})`, '{{datname}}'),
        },
      ],
    },
    {
      title: 'PgBouncer',
      panels: [
        {
          title: 'Clients that wait',
          description: 'For a connection to PostgreSQL.',
          kind: 'timeseries',
          unit: 'short',
          queries: one(`sum by (pod) (${of('pgbouncer_pools_client_waiting_connections')})`, '{{pod}}'),
        },
        {
          title: 'Longest wait',
          description: 'Above a second for five minutes an alert fires.',
          kind: 'timeseries',
          unit: 's',
          limit: 1,
          queries: one(`max by (pod) (${of('pgbouncer_pools_client_maxwait_seconds')})`, '{{pod}}'),
        },
        {
          title: 'Clients',
          description: 'Of those that it takes; above 80 % an alert fires.',
          kind: 'timeseries',
          unit: 'percentunit',
          limit: 0.8,
          queries: one(
            `max by (pod) (${of('pgbouncer_used_clients')}) / max by (pod) (${of('pgbouncer_config_max_client_connections')})`,
            '{{pod}}',
          ),
        },
      ],
    },
    {
      title: 'Redis',
      panels: [
        {
          title: 'Memory',
          description: 'Used.',
          kind: 'timeseries',
          unit: 'bytes',
          queries: one(`max by (pod) (${of('redis_memory_used_bytes')})`, '{{pod}}'),
        },
        {
          title: 'Keys found',
          description: 'Share of look-ups that found one.',
          kind: 'timeseries',
          unit: 'percentunit',
          queries: one(
            `sum(${rate('redis_keyspace_hits_total')}) / (sum(${rate('redis_keyspace_hits_total')}) + sum(${rate('redis_keyspace_misses_total')}))`,
            'found',
          ),
        },
        {
          title: 'Primaries',
          description: 'One. None: an alert fires after two minutes.',
          kind: 'timeseries',
          unit: 'short',
          queries: one(`count(${of('redis_instance_info', 'role="master"')}) or vector(0)`, 'primaries'),
        },
      ],
    },
  ],
};
