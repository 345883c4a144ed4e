import { LABELS, names, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import { amount } from './quantity.ts';

/** Patroni's REST API: probes, the members among themselves, and its own commands. */
export const PATRONI_PORT = 8008;

/** Seconds: how long a primary counts without a sign of life, between two looks, and for the API server to answer. */
const [TTL, LOOP_WAIT, RETRY_TIMEOUT] = [15, 3, 5];

/** What a member of the database has in its labels besides its component: whose member it is. */
export function memberLabels(name: string): Record<string, string> {
  return { [LABELS.members]: names(name).database };
}

/**
 * The file of Patroni that all members share; each adds what it alone knows (images/database/member). Patroni's word for the name of the
 * whole is scope: the Endpoints of this name lead to the primary, and are the Service that clients use.
 */
export function patroniFile({ name, namespace }: Pick<ResolvedEnvironment, 'name' | 'namespace'>): object {
  return {
    scope: names(name).database,
    kubernetes: {
      namespace,
      use_endpoints: true,
      labels: { [LABELS.environment]: name, [LABELS.component]: 'database' },
      scope_label: LABELS.members,
      role_label: LABELS.role,
      ports: [{ name: 'postgresql', port: 5432 }],
    },
    postgresql: {
      bin_dir: '/usr/lib/postgresql/15/bin',
      listen: '*:5432',
      pgpass: '/tmp/pgpass',
      custom_conf: '/etc/cryptosense/postgresql.conf',
      use_unix_socket: true,
      use_unix_socket_repl: true,
      parameters: {
        unix_socket_directories: '/var/run/postgresql',
        hba_file: '/etc/cryptosense/pg_hba.conf',
      },
      basebackup: [{ checkpoint: 'fast' }],
      // A former primary whose data cannot be wound back is copied again: what it alone has, nobody was ever told.
      remove_data_directory_on_rewind_failure: true,
      remove_data_directory_on_diverged_timelines: true,
    },
    watchdog: { mode: 'off' },
  };
}

/**
 * Parameters that all members must agree on: Patroni gives them on the command line, from the configuration that it
 * keeps in the cluster, and takes no notice of them in files. Values are those of the image where nobody says anything.
 */
const SHARED: Record<string, string> = {
  max_connections: '100',
  max_worker_processes: '8',
  max_wal_senders: '10',
  max_prepared_transactions: '0',
  max_locks_per_transaction: '64',
  max_replication_slots: '10',
};

/** The configuration of the cluster as a whole, which the primary puts where Patroni keeps it. */
export function clusterConfiguration(
  { members, durability, storage }: ResolvedEnvironment['spec']['database'],
  settings: Record<string, string>,
): object {
  const isGroup = members > 1;
  const shared = Object.keys(SHARED).map((key) => [key, whole(settings[key] ?? SHARED[key] ?? '')]);
  const { wal_level: level = 'replica', track_commit_timestamp: track } = settings;
  return {
    ttl: TTL,
    loop_wait: LOOP_WAIT,
    retry_timeout: RETRY_TIMEOUT,
    // A primary that its members still reach goes on without the API server.
    failsafe_mode: true,
    synchronous_mode: isGroup,
    synchronous_mode_strict: isGroup && durability === 'strict',
    // Of a crashed primary in a group another member takes over at once: to replay a long log takes minutes.
    ...(isGroup ? { primary_start_timeout: 0 } : {}),
    postgresql: {
      use_pg_rewind: true,
      use_slots: true,
      parameters: {
        ...Object.fromEntries(shared),
        wal_level: level.toLowerCase() === 'logical' ? 'logical' : 'replica',
        ...(track === undefined ? {} : { track_commit_timestamp: isOn(track) ? 'on' : 'off' }),
        wal_keep_size: settings.wal_keep_size ?? keptLog(storage, isGroup),
      },
    },
  };
}

/** Written-ahead log for a replica that is away for a while: a sixteenth of the volume, at most 1 GB. */
function keptLog(storage: string, isGroup: boolean): string {
  const megabytes = Math.floor(amount(storage) / 2 ** 20);
  return isGroup ? `${Math.max(64, Math.min(1024, Math.floor(megabytes / 16)))}MB` : '16MB';
}

/** PostgreSQL takes 0x100 and 4.5 for a whole number; Patroni does not. */
function whole(text: string): string {
  return String(Math.round(Number(text)));
}

function isOn(text: string): boolean {
  return /^(on|t(r(ue?)?)?|y(es?)?|1)$/i.test(text);
}
