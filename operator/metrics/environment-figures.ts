import { type Environment, resolveEnvironment } from '../api/resolved.ts';
import type { Condition, EnvironmentStatus } from '../api/status.ts';
import { BACKUP_TYPES, newest } from './backup-figures.ts';

/** A value of one metric, with the labels that it has besides namespace and environment. */
export type Figure = readonly [value: number, labels?: Readonly<Record<string, string>>];

/** What the figures of one environment are made of; `backups` and `restores` are the objects that name it. */
export interface Seen {
  readonly environment: Environment;
  readonly backups: () => readonly object[];
  readonly restores: () => readonly object[];
}

interface EnvironmentMetric {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  /** Empty when there is nothing to say. */
  readonly of: (seen: Seen) => readonly Figure[];
}

/** A word each, or a thousand environments would have series that nobody asks for. */
const CONDITIONS = [
  'Ready',
  'Reconciling',
  'Stalled',
  'RolledBack',
  'Paused',
  'DatabaseReady',
  'PoolerReady',
  'CacheReady',
  'ApiReady',
  'RoutingReady',
  'UpToDate',
];

const VALUES: Record<Condition['status'], number> = { True: 1, False: 0, Unknown: -1 };

/** What a release is at; exactly one holds. */
export type ReleasePhase = 'deploying' | 'stable' | 'releasing' | 'waiting' | 'frozen';

/** Since when, in milliseconds since the epoch, as far as the status says so. */
export function phaseOf(status: EnvironmentStatus): { phase: ReleasePhase; since: number | undefined } {
  const { candidate, stable, deployingSince } = status;
  if (candidate?.frozen) return { phase: 'frozen', since: Date.parse(candidate.frozen.at) };
  const waiting = waitingSince(status);
  if (waiting !== undefined) return { phase: 'waiting', since: waiting };
  if (candidate) return { phase: 'releasing', since: Date.parse(candidate.startedAt) };
  if (stable)
    return { phase: 'stable', since: stable.since === undefined ? undefined : Date.parse(stable.since) };
  return { phase: 'deploying', since: deployingSince === undefined ? undefined : Date.parse(deployingSince) };
}

/** Since when the candidate waits for pods, or for what its migration needs; a pause that was asked for is no waiting. */
function waitingSince({ candidate }: EnvironmentStatus): number | undefined {
  if (candidate === undefined || candidate.heldSince !== undefined) return undefined;
  const moments = [candidate.waitingSince, candidate.gate?.since].flatMap((moment) =>
    moment === undefined ? [] : [Date.parse(moment)],
  );
  return moments.length > 0 ? Math.min(...moments) : undefined;
}

const seconds = (milliseconds: number | undefined): readonly Figure[] =>
  milliseconds === undefined || Number.isNaN(milliseconds) ? [] : [[milliseconds / 1000]];

const moment = (time: string | undefined): readonly Figure[] =>
  seconds(time === undefined ? undefined : Date.parse(time));

const flag = (holds: boolean): readonly Figure[] => [[holds ? 1 : 0]];

/** About each environment, from its spec, its status and its backups. Names and labels are a promise: docs/monitoring.md. */
export const ENVIRONMENT_METRICS: readonly EnvironmentMetric[] = [
  {
    name: 'cryptosense_environment_info',
    help: 'Always 1; the tier and the version of the operator that wrote the status are labels.',
    labelNames: ['tier', 'operator_version'],
    of: ({ environment: { spec, status } }) => [
      [1, { tier: spec.tier, operator_version: status?.operatorVersion ?? '' }],
    ],
  },
  {
    name: 'cryptosense_environment_created_timestamp_seconds',
    help: 'When the environment was made.',
    labelNames: [],
    of: ({ environment }) => moment(environment.metadata.creationTimestamp),
  },
  {
    name: 'cryptosense_environment_condition',
    help: 'A condition of status: 1 True, 0 False, -1 Unknown.',
    labelNames: ['type'],
    of: ({ environment }) =>
      (environment.status?.conditions ?? []).flatMap(({ type, status }): Figure[] =>
        CONDITIONS.includes(type) ? [[VALUES[status], { type }]] : [],
      ),
  },
  {
    name: 'cryptosense_environment_replicas',
    help: 'Pods that the stable release should have.',
    labelNames: [],
    of: ({ environment: { status } }) => (status?.stable ? [[status.replicas ?? 0]] : []),
  },
  {
    name: 'cryptosense_environment_ready_replicas',
    help: 'Pods of the stable release that are ready; absent before the first one.',
    labelNames: [],
    of: ({ environment: { status } }) => (status?.stable ? [[status.readyReplicas ?? 0]] : []),
  },
  {
    name: 'cryptosense_component_pods',
    help: 'Pods that a component besides the API should have.',
    labelNames: ['component'],
    of: ({ environment: { status } }) =>
      (status?.components ?? []).map(({ name, pods }) => [pods, { component: name }]),
  },
  {
    name: 'cryptosense_component_ready_pods',
    help: 'Pods of a component besides the API that are ready.',
    labelNames: ['component'],
    of: ({ environment: { status } }) =>
      (status?.components ?? []).map(({ name, readyPods }) => [readyPods, { component: name }]),
  },
  {
    name: 'cryptosense_api_cpu_request_cores',
    help: 'Cores that one pod of the API asks for.',
    labelNames: [],
    of: ({ environment }) => [[cores(resolveEnvironment(environment).spec.api.resources.cpu)]],
  },
  {
    name: 'cryptosense_release_phase',
    help: 'Always 1, for the phase that holds: deploying (the first one), stable, releasing, waiting or frozen.',
    labelNames: ['phase'],
    of: ({ environment: { status } }) => (status ? [[1, { phase: phaseOf(status).phase }]] : []),
  },
  {
    name: 'cryptosense_release_phase_since_timestamp_seconds',
    help: 'Since when the phase of the release holds.',
    labelNames: [],
    of: ({ environment: { status } }) => (status ? seconds(phaseOf(status).since) : []),
  },
  {
    name: 'cryptosense_release_candidate_weight_ratio',
    help: 'Share of the requests that the router has confirmed for the candidate; absent without one.',
    labelNames: [],
    of: ({ environment: { status } }) => (status?.candidate ? [[status.candidate.weight / 100]] : []),
  },
  {
    name: 'cryptosense_release_waiting_since_timestamp_seconds',
    help: 'Since when the candidate waits for pods or for what its migration needs; absent when it does not.',
    labelNames: [],
    of: ({ environment: { status } }) => (status ? seconds(waitingSince(status)) : []),
  },
  {
    name: 'cryptosense_release_rejected_timestamp_seconds',
    help: 'When the release that the spec asks for was rolled back; absent when none was.',
    labelNames: [],
    of: ({ environment: { status } }) => moment(status?.rejected?.at),
  },
  {
    name: 'cryptosense_backup_enabled',
    help: '1 when backups are to be taken.',
    labelNames: [],
    of: ({ environment }) => flag(resolveEnvironment(environment).spec.backup.enabled),
  },
  {
    name: 'cryptosense_backup_completed_timestamp_seconds',
    help: 'When the newest backup of a type was complete; absent when none is.',
    labelNames: ['type'],
    of: ({ backups }) =>
      BACKUP_TYPES.flatMap((type) =>
        seconds(newest(backups(), type, 'Completed')).map(([value]): Figure => [value, { type }]),
      ),
  },
  {
    name: 'cryptosense_backup_verified_timestamp_seconds',
    help: 'When the newest backup of a type that is known to be restorable was complete; absent when none is.',
    labelNames: ['type'],
    of: ({ backups }) =>
      BACKUP_TYPES.flatMap((type) =>
        seconds(newest(backups(), type, 'Verified')).map(([value]): Figure => [value, { type }]),
      ),
  },
  {
    name: 'cryptosense_drill_scheduled',
    help: '1 when restores are to be rehearsed.',
    labelNames: [],
    of: ({ environment }) => {
      const { enabled, drillSchedule } = resolveEnvironment(environment).spec.backup;
      return flag(enabled && drillSchedule !== undefined);
    },
  },
  {
    name: 'cryptosense_drill_completed_timestamp_seconds',
    help: 'When the newest drill that ended well was over; absent when none is.',
    labelNames: [],
    of: ({ restores }) => seconds(newest(restores(), 'drill', 'Completed')),
  },
];

/** "500m" are half a core. */
function cores(cpu: string): number {
  return cpu.endsWith('m') ? Number(cpu.slice(0, -1)) / 1000 : Number(cpu);
}
