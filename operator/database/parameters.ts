import { databaseSettings } from '../../charts/database.ts';
import { amount } from '../../charts/quantity.ts';
import type { ResolvedEnvironment } from '../api/resolved.ts';
import { bytesOf, numberOf, problemOf } from './values.ts';

/** Sessions beside those of PgBouncer: migrations, monitoring, backups, a person with psql. */
const OTHER_SESSIONS = 7;

/** Of the pod's memory; the rest is for sessions and for the file cache that PostgreSQL relies on. */
const MOST_SHARED = 0.75;

/** Shared memory for one lock that one process can hold: 388 bytes between 64 and 1064 locks each, rounded up. */
const LOCK_BYTES = 400;

const DEFAULTS: Record<string, string> = {
  superuser_reserved_connections: '3',
  autovacuum_max_workers: '3',
  max_worker_processes: '8',
  max_wal_senders: '10',
  max_locks_per_transaction: '64',
  max_prepared_transactions: '0',
};

/** What counts as processes, with one more that starts the autovacuum workers. */
const COUNTED = ['max_connections', 'autovacuum_max_workers', 'max_worker_processes', 'max_wal_senders'];

/** All processes of one server. */
const MOST_PROCESSES = 262_143;

/** A single session takes that much for itself. */
const SESSION_MEMORY = [
  'work_mem',
  'maintenance_work_mem',
  'autovacuum_work_mem',
  'temp_buffers',
  'wal_buffers',
];

/**
 * Why PostgreSQL would not start, or not for long, with the parameters of this environment: one sentence each, with what
 * to do. Pure. Only what is known for certain: the rest is tried before the database gets it (settings-check.ts).
 */
export function parameterProblems({ spec }: ResolvedEnvironment): string[] {
  const { parameters, resources } = spec.database;
  const single = Object.entries(parameters).flatMap(([name, text]) => {
    const problem = problemOf(name, text) ?? unfit(name, text);
    return problem === undefined ? [] : [`spec.database.parameters.${name} ${problem}`];
  });
  // What cannot be read cannot be compared with anything either.
  if (single.length > 0) return single;
  const settings = { ...DEFAULTS, ...databaseSettings(resources.memory), ...parameters };
  const number = (name: string) => numberOf(name, settings[name] ?? '') ?? 0;
  return [
    ...memoryProblems(parameters, settings, resources.memory),
    ...connectionProblems(spec.pooler, number),
    ...processProblems(parameters, number),
  ];
}

/** Below them Patroni, which gives these to PostgreSQL, takes its own defaults without a word. */
const LEAST: Record<string, number> = {
  max_connections: 25,
  max_wal_senders: 3,
  max_worker_processes: 2,
  max_locks_per_transaction: 32,
  max_replication_slots: 4,
  wal_keep_size: 16,
};

/** Values that are right in themselves and cannot work in a pod of this image. */
function unfit(name: string, text: string): string | undefined {
  const isOn = /^(on|t(rue?)?|tr|y(es?)?|1)$/i.test(text);
  if (name === 'huge_pages' && isOn)
    return 'is on, and the pod has no huge pages: leave it out, or write try or off';
  if (name === 'ssl' && isOn) return 'is what the operator sets itself: leave it out';
  if (name === 'bonjour' && isOn) return 'is on, and this PostgreSQL is built without it: leave it out';
  if (name === 'wal_level' && text.toLowerCase() === 'minimal')
    return 'is minimal, which leaves neither replicas nor backups: leave it out';
  const least = LEAST[name];
  if (least !== undefined && (numberOf(name, text) ?? least) < least)
    return `is ${text}: write at least ${least}, which a database with replicas needs`;
  // A segment of the log has 16 MB.
  if (name === 'min_wal_size' || name === 'max_wal_size')
    return (numberOf(name, text) ?? 0) < 32 ? `is ${text}: write at least 32MB` : undefined;
  return undefined;
}

function memoryProblems(
  parameters: Record<string, string>,
  settings: Record<string, string>,
  memory: string,
): string[] {
  const pod = amount(memory);
  const bytes = (name: string) => Math.max(0, bytesOf(name, settings[name] ?? '') ?? 0);
  const shared = bytes('shared_buffers');
  if ('shared_buffers' in parameters && shared > pod * MOST_SHARED) {
    const most = Math.floor((pod * MOST_SHARED) / 2 ** 20);
    return [
      `spec.database.parameters.shared_buffers (${settings.shared_buffers}) is more than 75 % of the pod's memory (${memory}), which would be killed: write at most ${most}MB or raise spec.database.resources.memory`,
    ];
  }
  const problems = SESSION_MEMORY.filter((name) => name in parameters && shared + bytes(name) > pod).map(
    (name) =>
      `spec.database.parameters.${name} (${settings[name]}) and shared_buffers (${settings.shared_buffers}) are more than the pod's memory (${memory}), which would be killed: lower it or raise spec.database.resources.memory`,
  );
  const number = (name: string) => numberOf(name, settings[name] ?? '') ?? 0;
  const locks =
    number('max_locks_per_transaction') *
    (COUNTED.reduce((sum, name) => sum + number(name), 1) + number('max_prepared_transactions'));
  const own = ['max_locks_per_transaction', 'max_connections', 'max_prepared_transactions'];
  if (own.some((name) => name in parameters) && shared + locks * LOCK_BYTES > pod) {
    problems.push(
      `spec.database.parameters: max_locks_per_transaction (${settings.max_locks_per_transaction}) for each of max_connections (${settings.max_connections}) and max_prepared_transactions (${settings.max_prepared_transactions}) needs about ${Math.ceil((locks * LOCK_BYTES) / 2 ** 20)}MB beside shared_buffers, and the pod has ${memory}: lower one of them or raise spec.database.resources.memory`,
    );
  }
  return problems;
}

function connectionProblems(
  pooler: { replicas: number; poolSize: number; reservePoolSize: number; replicaPoolSize?: number },
  number: (name: string) => number,
): string[] {
  const [most, reserved] = [number('max_connections'), number('superuser_reserved_connections')];
  if (reserved >= most) {
    return [
      `spec.database.parameters.superuser_reserved_connections (${reserved}) has to be less than max_connections (${most})`,
    ];
  }
  // While PgBouncer is replaced there is one pod more.
  const { replicaPoolSize = 0 } = pooler;
  // A replica that becomes primary keeps the connections that read from it.
  const pooled = (pooler.replicas + 1) * (pooler.poolSize + pooler.reservePoolSize + replicaPoolSize);
  const readers = replicaPoolSize > 0 ? `, replicaPoolSize ${replicaPoolSize}` : '';
  const needed = pooled + reserved + OTHER_SESSIONS;
  if (needed <= most) return [];
  return [
    `spec.pooler can open ${pooled} connections (replicas ${pooler.replicas} and one more while they are replaced, each with poolSize ${pooler.poolSize}${readers} and reservePoolSize ${pooler.reservePoolSize}), ${reserved + OTHER_SESSIONS} more are kept for superusers, migrations and monitoring, and max_connections is ${most}: lower them, or set spec.database.parameters.max_connections to at least ${needed}`,
  ];
}

function processProblems(parameters: Record<string, string>, number: (name: string) => number): string[] {
  const problems: string[] = [];
  const processes = COUNTED.reduce((sum, name) => sum + number(name), 1);
  if (COUNTED.some((name) => name in parameters) && processes > MOST_PROCESSES) {
    problems.push(
      `spec.database.parameters: ${COUNTED.join(', ')} and one more are ${processes} processes in all, and PostgreSQL can have ${MOST_PROCESSES}: lower them`,
    );
  }
  return problems;
}
