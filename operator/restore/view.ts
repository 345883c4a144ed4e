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
  spec: { environment: string; mode: 'drill' | 'inPlace'; target?: Target };
  status: RestoreStatus;
}

/** Status of a CryptoSenseRestore, as operator/api/restore.ts describes it. Times are RFC 3339. */
export interface RestoreStatus {
  observedGeneration?: number;
  conditions?: Condition[];
  startedAt?: string;
  completedAt?: string;
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
