import { z } from 'zod';
import { bytes, type CelRule, image, objectName, resources, rules } from './forms.ts';

/** Only as far as both values are written: the operator watches over the rest. */
function grows(component: string): CelRule {
  return {
    rule: '!has(self.storage) || !has(oldSelf.storage) || quantity(string(self.storage)).compareTo(quantity(string(oldSelf.storage))) >= 0',
    message: `a volume can grow, but not shrink: ${component}.storage has to be at least what it was`,
  };
}

function storageClassName() {
  return objectName().describe("StorageClass of the volume; the cluster's default when absent.");
}

function keepsClass(component: string): CelRule {
  return {
    rule: 'has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)',
    message: `a volume cannot change its class: leave ${component}.storageClassName as it was, or make a new environment`,
  };
}

/** Parameters of PostgreSQL that an environment cannot set: others rely on them, or they would open a door. */
const MANAGED_PARAMETERS = [
  'allow_alter_system',
  'archive_cleanup_command',
  'archive_command',
  'archive_library',
  'archive_mode',
  'archive_timeout',
  'cluster_name',
  'config_file',
  'data_directory',
  'data_sync_retry',
  'dynamic_library_path',
  'external_pid_file',
  'fsync',
  'full_page_writes',
  'hba_file',
  'hot_standby',
  'ident_file',
  'include',
  'include_dir',
  'include_if_exists',
  'krb_server_keyfile',
  'listen_addresses',
  'local_preload_libraries',
  'log_destination',
  'log_directory',
  'log_filename',
  'logging_collector',
  'password_encryption',
  'port',
  'primary_conninfo',
  'primary_slot_name',
  'promote_trigger_file',
  'recovery_end_command',
  'recovery_target',
  'recovery_target_action',
  'recovery_target_lsn',
  'recovery_target_name',
  'recovery_target_time',
  'recovery_target_timeline',
  'recovery_target_xid',
  'restore_command',
  'session_preload_libraries',
  'shared_preload_libraries',
  'ssl_passphrase_command',
  'synchronous_standby_names',
  'unix_socket_directories',
  'unix_socket_group',
  'unix_socket_permissions',
  'zero_damaged_pages',
];

export const database = z
  .object({
    image: image().describe('Image of PostgreSQL 15, with TimescaleDB where it is to be had.').optional(),
    members: z
      .int()
      .min(1)
      .max(3)
      .describe(
        'PostgreSQL servers: a primary and its replicas, of which one takes over when it fails. 1 or 3.',
      )
      .meta(
        rules({
          rule: 'self != 2',
          message:
            'database.members is 1 or 3: of two, every restart of one would leave the other alone, or stop all writes',
        }),
      )
      .optional(),
    durability: z
      .enum(['strict', 'available'])
      .describe(
        'What happens with 3 members when no replica can confirm a write. strict: it waits, so that no confirmed write is ever lost; available: it goes on with the primary alone.',
      )
      .optional(),
    storage: bytes()
      .describe('Size of the data volume, for example 20Gi. It can grow, not shrink.')
      .optional(),
    storageClassName: storageClassName().optional(),
    resources: resources.optional(),
    parameters: z
      .record(z.string(), z.string().max(256))
      .describe(
        "Settings of postgresql.conf beyond the tier's, for example work_mem: 32MB; numbers in quotes. One that PostgreSQL can only read at its start restarts it.",
      )
      .meta({
        maxProperties: 64,
        ...rules(
          {
            rule: "self.all(k, k.matches('^[a-z][a-z0-9_]{0,62}([.][a-z][a-z0-9_]{0,62})?$'))",
            message: 'a parameter of PostgreSQL is written in lower case, for example work_mem',
          },
          {
            rule: `!self.exists(k, k in [${MANAGED_PARAMETERS.map((name) => `'${name}'`).join(', ')}])`,
            message:
              'database.parameters cannot have what the operator sets itself (addresses, files, logins, archiving, replication, preloaded libraries): leave it out',
          },
          {
            rule: "self.all(k, !self[k].contains('\\n') && !self[k].contains(\"'\") && !self[k].contains('\\\\'))",
            message: 'the value of a parameter is one line without quotes and backslashes, for example 32MB',
          },
        ),
      })
      .optional(),
  })
  .describe('PostgreSQL, with TimescaleDB where it is to be had.')
  .meta(rules(grows('database'), keepsClass('database')));

export const pooler = z
  .object({
    image: image().describe('Image of PgBouncer.').optional(),
    replicas: z.int().min(1).max(10).describe('Number of PgBouncer pods.').optional(),
    maxClientConnections: z
      .int()
      .min(10)
      .max(10000)
      .describe('Connections that one pod takes from clients.')
      .optional(),
    poolSize: z.int().min(1).max(500).describe('Connections of one pod to the database.').optional(),
    reservePoolSize: z
      .int()
      .min(0)
      .max(100)
      .describe('Connections to the database that one pod may add when clients wait.')
      .optional(),
    replicaPoolSize: z
      .int()
      .min(1)
      .max(500)
      .describe(
        'Connections of one pod to the replicas of the database, for reading what may be a moment old under the name of the database with _ro behind it. Needs database.members 3. Without it there is no such name.',
      )
      .optional(),
    resources: resources.optional(),
  })
  .describe('PgBouncer, between the API and the database.');

export const cache = z
  .object({
    image: image().describe('Image of Redis.').optional(),
    replicas: z
      .int()
      .min(1)
      .max(3)
      .describe('Redis pods: a primary and its replicas. From 2 on, three Sentinels choose a new primary.')
      .optional(),
    storage: bytes()
      .describe('Size of the volume of the append-only file. It can grow, not shrink.')
      .optional(),
    storageClassName: storageClassName().optional(),
    resources: resources.optional(),
  })
  .describe('Redis, the cache of prices, portfolios and sessions.')
  .meta(rules(grows('cache'), keepsClass('cache')));

export const predictor = z
  .object({
    enabled: z.boolean().describe('Whether there is a predictor.').optional(),
    image: image()
      .describe('Image of the predictor; that of the stable release when absent, as both are in one image.')
      .optional(),
    replicas: z.int().min(1).max(10).describe('Number of pods.').optional(),
    resources: resources.optional(),
    spot: z
      .boolean()
      .describe('Whether the pods also run on spot nodes, which can be taken away: forecasts can wait.')
      .optional(),
  })
  .describe('The process that makes forecasts of prices. The API answers without it, with what it knows.');
