import type { Condition } from '../api/status.ts';
import type { RestoreResult } from './result.ts';
import type { Target } from './world.ts';

/** A CryptoSenseRestore, as far as it is decided by. */
export interface RestoreView {
  name: string;
  uid: string;
  generation: number;
  /** In milliseconds since 1970. */
  createdAt: number;
  spec: { environment: string; mode: 'drill' | 'inPlace'; target?: Target; withoutSafetyBackup?: boolean };
  status: RestoreStatus;
}

/** The steps of a restore in place, in their order. */
export const STEPS = ['Checking', 'Securing', 'Stopping', 'Restoring', 'Starting'] as const;
export type Step = (typeof STEPS)[number];

/** The Jobs that a restore may have: look finds out whether it can be done, main does it. */
export const PARTS = ['look', 'main'] as const;
export type JobPart = (typeof PARTS)[number];

/** Status of a CryptoSenseRestore, as operator/api/restore.ts describes it. Times are RFC 3339. */
export interface RestoreStatus {
  observedGeneration?: number;
  conditions?: Condition[];
  startedAt?: string;
  completedAt?: string;
  /** Of a restore in place: how far it is. */
  step?: Step;
  safetyBackup?: string;
  /** The archive that the restored database writes to. */
  archive?: string;
  backup?: string;
  stanza?: string;
  recoveryPoint?: string;
  rtoSeconds?: number;
  rpoSeconds?: number;
  report?: {
    bytes: number;
    tables: number;
    rows: number;
    newestRow?: string;
    restoreSeconds: number;
    replaySeconds: number;
    checkSeconds: number;
  };
}

/** The Job of a restore, and what its pod has said. */
export interface JobView {
  state: 'absent' | 'running' | 'ended';
  result?: RestoreResult;
  /** Of a pod that does not run, or that ended without a result: why. */
  problem?: string;
  isLeaving?: boolean;
}

/** Whether nothing is done for it any more. */
export function isOver({ status }: Pick<RestoreView, 'status'>): boolean {
  return is(status, 'Completed') || is(status, 'Stalled');
}

export function is(status: RestoreStatus, type: string): boolean {
  return status.conditions?.some((one) => one.type === type && one.status === 'True') ?? false;
}

/** The status with this condition in it, whose time changes with its status alone. */
export function withCondition(
  status: RestoreStatus,
  value: Pick<Condition, 'type' | 'status' | 'reason' | 'message'>,
  now: number,
): RestoreStatus {
  const before = status.conditions?.find(({ type }) => type === value.type);
  const lastTransitionTime =
    before?.status === value.status ? before.lastTransitionTime : new Date(now).toISOString();
  const condition: Condition = {
    ...value,
    message: value.message.slice(0, 2048),
    lastTransitionTime,
    ...(status.observedGeneration === undefined ? {} : { observedGeneration: status.observedGeneration }),
  };
  const others = (status.conditions ?? []).filter(({ type }) => type !== value.type);
  return { ...status, conditions: [...others, condition] };
}
