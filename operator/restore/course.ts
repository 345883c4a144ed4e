import type { RestoreAction } from './actions.ts';
import type { Restored } from './result.ts';
import { momentOf, type Refusal } from './targets.ts';
import { type RestoreStatus, type RestoreView, withCondition } from './view.ts';
import type { Target } from './world.ts';

/** What a restored database is, for the status, but when it answered. */
export function foundIn({ status, spec }: RestoreView, result: Restored, begunAt: number): RestoreStatus {
  return {
    ...status,
    backup: result.backup,
    stanza: result.stanza,
    recoveryPoint: result.recoveryPoint,
    rpoSeconds: secondsBetween(Date.parse(result.recoveryPoint), aim(spec.target ?? {}, result, begunAt)),
    report: reportOf(result),
  };
}

/** The moment that the newest transaction should be near to: what was asked for, or when the restore began. */
function aim(target: Target, result: Restored, begunAt: number): number {
  if (target.time !== undefined) return momentOf(target.time);
  const isNewest = target.backup === undefined && target.lsn === undefined && target.name === undefined;
  return isNewest ? begunAt : Date.parse(result.recoveryPoint);
}

function reportOf(result: Restored): NonNullable<RestoreStatus['report']> {
  const { bytes, tables, rows, newestRow } = result;
  const [started, restored, answered, checked] = [
    result.startedAt,
    result.restoredAt,
    result.answeredAt,
    result.checkedAt,
  ].map(Date.parse) as [number, number, number, number];
  return {
    bytes,
    tables,
    rows,
    ...(newestRow ? { newestRow } : {}),
    restoreSeconds: secondsBetween(started, restored),
    replaySeconds: secondsBetween(restored, answered),
    checkSeconds: secondsBetween(answered, checked),
  };
}

export function refused(
  restore: RestoreView,
  { reason, message }: Refusal | { reason: string; message: string },
  now: number,
): RestoreAction {
  const known = { ...restore.status, observedGeneration: restore.generation };
  const refusal = withCondition(known, { type: 'Accepted', status: 'False', reason, message }, now);
  return failed({ ...restore, status: refusal }, reason, `Nothing was restored: ${message}.`, now);
}

export function failed(restore: RestoreView, reason: string, message: string, now: number): RestoreAction {
  const completedAt = new Date(now).toISOString();
  const status = over({ ...restore.status, completedAt }, 'False', reason, message, now);
  return { type: 'status', restore, status, note: { type: 'Warning', reason: `Restore${reason}`, message } };
}

/** Writes down how it stands, when that is not what is there. */
export function said(
  restore: RestoreView,
  reason: string,
  message: string,
  now: number,
): RestoreAction | undefined {
  const before = restore.status.conditions?.find(({ type }) => type === 'Completed');
  if (before?.reason === reason && before.message === message) return undefined;
  const known = { ...restore.status, observedGeneration: restore.generation };
  return { type: 'status', restore, status: under(known, reason, message, now) };
}

/** Reconciling and Stalled are what tools look at that wait for any resource. */
export function under(status: RestoreStatus, reason: string, message: string, now: number): RestoreStatus {
  const moving = withCondition(status, { type: 'Reconciling', status: 'True', reason, message }, now);
  return withCondition(moving, { type: 'Completed', status: 'False', reason, message }, now);
}

/** The end: nothing is done any more. */
export function over(
  status: RestoreStatus,
  completed: 'True' | 'False',
  reason: string,
  message: string,
  now: number,
): RestoreStatus {
  const stalled = completed === 'True' ? 'False' : 'True';
  const end = { reason, message };
  const still = withCondition(status, { type: 'Reconciling', status: 'False', ...end }, now);
  const settled = withCondition(still, { type: 'Stalled', status: stalled, ...end }, now);
  return withCondition(settled, { type: 'Completed', status: completed, ...end }, now);
}

export function secondsBetween(from: number, to: number): number {
  return Math.max(0, Math.ceil((to - from) / 1000));
}
