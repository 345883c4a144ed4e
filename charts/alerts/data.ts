import { BY_ENVIRONMENT, ENVIRONMENT_LABELS, MINUTE, type RuleGroup } from './rule.ts';
import { volumeUse } from './volumes.ts';

const WHERE = '{{ $labels.namespace }}/{{ $labels.environment }}';

/** The guide's section 6 (connections, slow queries, replication, disk, cache), and the archive of the log. */
export const DATABASE: RuleGroup = {
  name: 'cryptosense-database',
  about: 'environment',
  rules: [
    {
      name: 'DatabaseConnections',
      severity: 'slack',
      by: [...ENVIRONMENT_LABELS, 'pod'],
      expr: ({ of }) => {
        const by = 'by (namespace, environment, pod)';
        return `sum ${by} (${of('pg_stat_activity_count')}) / max ${by} (${of('pg_settings_max_connections')}) > 0.8`;
      },
      forSeconds: 5 * MINUTE,
      summary: `PostgreSQL in {{ $labels.pod }} of ${WHERE} has used more than 80 % of its connections.`,
      description:
        'When none is left, PgBouncer can open no session more and requests wait. Look who holds them: nearly always something that bypasses PgBouncer.',
      runbook: 'database-connections',
    },
    {
      name: 'SlowQueries',
      severity: 'slack',
      by: [...ENVIRONMENT_LABELS, 'datname'],
      // Backups copy for hours, and autovacuum takes the time that it takes: clients alone count.
      expr: ({ of }) => {
        const active = of('pg_stat_activity_max_tx_duration', 'state="active"', 'datname=~"cryptosense.*"');
        return `max by (namespace, environment, datname) (${active}) > 1`;
      },
      forSeconds: 5 * MINUTE,
      summary: `Queries in ${WHERE} have been running for longer than a second.`,
      description:
        'At every look for five minutes one was older than a second. Find it in pg_stat_activity, and whether it waits for a lock.',
      runbook: 'database-slow',
    },
    {
      name: 'ReplicationLag',
      severity: 'slack',
      by: [...ENVIRONMENT_LABELS, 'pod'],
      expr: ({ of }) => `max by (namespace, environment, pod) (${of('pg_replication_lag_seconds')}) > 30`,
      forSeconds: 5 * MINUTE,
      summary: `The replica {{ $labels.pod }} of ${WHERE} is more than 30 seconds behind its primary.`,
      description:
        'It cannot take over without loss while it is, and reads from it are old. Look at its disk, its network and at long queries on it.',
      runbook: 'replication-lag',
    },
    {
      name: 'DiskFilling',
      severity: 'slack',
      by: [...ENVIRONMENT_LABELS, 'persistentvolumeclaim'],
      expr: (scope) => `${volumeUse(scope)} > 0.8`,
      forSeconds: 10 * MINUTE,
      summary: `The volume {{ $labels.persistentvolumeclaim }} of ${WHERE} is more than 80 % full.`,
      description: 'Find out what grows (data, or log that cannot be archived), and grow the volume in time.',
      runbook: 'disk-full',
    },
    {
      name: 'BufferCacheMisses',
      severity: 'slack',
      by: [...ENVIRONMENT_LABELS, 'pod'],
      // A hundred blocks a second are 0.8 MB: of a database that hardly reads the share says nothing.
      expr: ({ of, range }) => {
        const rate = (metric: string) =>
          `sum by (namespace, environment, pod) (rate(${of(metric, 'datname=~"cryptosense.*"')}[${range(5 * MINUTE)}]))`;
        const [hit, read] = [rate('pg_stat_database_blks_hit'), rate('pg_stat_database_blks_read')];
        return `${hit} / (${hit} + ${read}) < 0.9 and ${read} > 100`;
      },
      forSeconds: 15 * MINUTE,
      summary: `PostgreSQL in {{ $labels.pod }} of ${WHERE} finds less than 90 % of its blocks in memory.`,
      description:
        'The rest comes from the disk, and queries wait for it. Look which queries read most, then give the database more memory.',
      runbook: 'database-slow',
    },
    {
      name: 'ArchiveFailing',
      severity: 'page',
      by: [...ENVIRONMENT_LABELS, 'pod'],
      // PostgreSQL tries at least once a minute, so two of them always have a try in them.
      expr: ({ of, range }) => {
        const increase = (metric: string) =>
          `sum by (namespace, environment, pod) (increase(${of(metric)}[${range(2 * MINUTE)}]))`;
        return `${increase('pg_stat_archiver_failed_count')} > 0 unless ${increase('pg_stat_archiver_archived_count')} > 0`;
      },
      forSeconds: 5 * MINUTE,
      summary: `PostgreSQL in {{ $labels.pod }} of ${WHERE} cannot archive its log.`,
      description:
        'For five minutes every try has failed. The log stays on the volume until it is full, and nothing newer than the last archived segment can be restored.',
      runbook: 'archive-failing',
    },
  ],
};

/** What stands between the API and its data. */
export const BETWEEN: RuleGroup = {
  name: 'cryptosense-pooler-and-cache',
  about: 'environment',
  rules: [
    {
      name: 'PoolerSaturated',
      severity: 'slack',
      by: [...ENVIRONMENT_LABELS, 'pod'],
      expr: ({ of }) => {
        const max = (metric: string) => `max by (namespace, environment, pod) (${of(metric)})`;
        const waiting = `${max('pgbouncer_pools_client_maxwait_seconds')} > 1`;
        return `${waiting} or ${max('pgbouncer_used_clients')} / ${max('pgbouncer_config_max_client_connections')} > 0.8`;
      },
      forSeconds: 5 * MINUTE,
      summary: `PgBouncer in {{ $labels.pod }} of ${WHERE} is at its limit.`,
      description:
        'For five minutes clients have waited longer than a second for a connection, or more than 80 % of the clients that it takes were there.',
      runbook: 'pooler-saturated',
    },
    {
      name: 'CacheNoPrimary',
      severity: 'slack',
      // The exporters' word where there are some: one that answers and no primary among those that do.
      expr: ({ of }) => {
        const answering = `count ${BY_ENVIRONMENT} (${of('redis_up')} == 1)`;
        const primaries = `count ${BY_ENVIRONMENT} (${of('redis_instance_info', 'role="master"')})`;
        const ready = of('cryptosense_environment_condition', 'type="CacheReady"');
        return `(${answering} unless ${primaries}) or max ${BY_ENVIRONMENT} (${ready}) == 0`;
      },
      forSeconds: 2 * MINUTE,
      summary: `Redis of ${WHERE} has no primary.`,
      description:
        'The API serves without it, only slower, and every price is asked of the database. A failover takes seconds; this one has not happened for two minutes.',
      runbook: 'cache-no-primary',
    },
    {
      name: 'TargetDown',
      severity: 'slack',
      by: [...ENVIRONMENT_LABELS, 'pod', 'app_kubernetes_io_component'],
      expr: ({ of }) =>
        `max by (namespace, environment, pod, app_kubernetes_io_component) (${of('up')}) == 0`,
      forSeconds: 10 * MINUTE,
      summary: `Prometheus cannot read the metrics of {{ $labels.app_kubernetes_io_component }} in {{ $labels.pod }} of ${WHERE}.`,
      description:
        'As long as that lasts, alerts that go by these metrics stay silent. The exporter, a NetworkPolicy or the pod is in the way.',
      runbook: 'target-down',
    },
  ],
};
