import type { Restored, RestoreResult } from './result.ts';
import { chooseBackup, momentOf, type Refusal } from './targets.ts';
import { isOver, type JobView, type RestoreStatus, type RestoreView, withCondition } from './view.ts';
import type { Target, World } from './world.ts';

/** What is said once, as an Event of the restore. */
export interface Note {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
}

/** One write. Each is decided by what was written before it, so that the operator may die after any of them. */
export type RestoreAction =
  | { type: 'status'; restore: RestoreView; status: RestoreStatus; note?: Note }
  /** Begins the restore: never more than one of an environment's. */
  | { type: 'beginJob'; restore: RestoreView; target: Target; stanza?: string; broken: string[] }
  | { type: 'endJob'; restore: RestoreView; why: string };

/** What is known of an environment's restores. */
export interface Seen extends World {
  restores: readonly RestoreView[];
  /** The Job of a restore. */
  job(restore: RestoreView): JobView;
  /** Why nothing can be restored at all, as the end of a sentence; undefined when it can. */
  obstacle?: string;
}

/** The next write for the restores of one environment, or nothing. Pure. */
export function nextAction(seen: Seen): RestoreAction | undefined {
  for (const restore of seen.restores) {
    const { state, isLeaving } = seen.job(restore);
    const isIdle = isOver(restore) && restore.status.completedAt !== undefined;
    // Its volume is as large as the database; the pod of one that failed can be looked into for an hour.
    if (isIdle && state !== 'absent' && !isLeaving && restore.status.backup !== undefined)
      return { type: 'endJob', restore, why: 'what it restored is measured and not needed any more' };
  }
  const [active, ...others] = inOrder(seen.restores.filter((restore) => !isOver(restore)));
  if (active === undefined) return undefined;
  return step(active, seen) ?? waiting(others, active, seen);
}

/** The oldest first; what was begun stays before what was not. */
function inOrder(restores: RestoreView[]): RestoreView[] {
  const begun = ({ status }: RestoreView) => (status.startedAt === undefined ? 1 : 0);
  return restores.sort(
    (a, b) => begun(a) - begun(b) || a.createdAt - b.createdAt || (a.name < b.name ? -1 : 1),
  );
}

function step(restore: RestoreView, seen: Seen): RestoreAction | undefined {
  const { startedAt } = restore.status;
  if (startedAt === undefined) return begin(restore, seen);
  const job = seen.job(restore);
  if (job.result) return ended(restore, job.result, Date.parse(startedAt), seen.now);
  if (job.state === 'absent') return beginJob(restore, seen);
  if (job.state === 'ended')
    return failed(restore, 'Failed', job.problem ?? 'its pod is gone and with it what it said', seen.now);
  const message = `Restoring into scratch space${job.problem ? ` (${job.problem})` : ''}.`;
  return said(restore, 'Restoring', message, seen.now);
}

/** Refuses what is impossible before anything starts. */
function begin(restore: RestoreView, seen: Seen): RestoreAction {
  const refusal = refusalOf(restore, seen);
  if (refusal) return refused(restore, refusal, seen.now);
  const startedAt = new Date(seen.now).toISOString();
  const accepted = withCondition(
    { ...restore.status, observedGeneration: restore.generation, startedAt },
    { type: 'Accepted', status: 'True', reason: 'Possible', message: 'The target can be reached.' },
    seen.now,
  );
  return { type: 'status', restore, status: under(accepted, 'Restoring', 'It has begun.', seen.now) };
}

/** What the operator knows of backups may have gaps; the Job looks into the repository itself before it restores. */
function refusalOf({ spec }: RestoreView, seen: Seen): { reason: string; message: string } | undefined {
  if (seen.obstacle !== undefined) return { reason: 'NotPossible', message: seen.obstacle };
  if (spec.mode === 'inPlace')
    return {
      reason: 'NotPossible',
      message:
        'this version does not restore in place yet; make a new environment from the backups with spec.recovery',
    };
  const isKnown = seen.backups.some(({ type, stoppedAt }) => type === 'full' && stoppedAt !== undefined);
  if (!isKnown && spec.target?.backup === undefined) return undefined;
  const decision = chooseBackup(spec.target ?? {}, seen);
  return 'refused' in decision ? decision.refused : undefined;
}

function beginJob(restore: RestoreView, seen: Seen): RestoreAction {
  const { backup: name, ...target } = restore.spec.target ?? {};
  const backup = seen.backups.find((one) => one.name === name);
  const broken = seen.backups.flatMap(({ isBroken, label }) => (isBroken && label ? [label] : []));
  return {
    type: 'beginJob',
    restore,
    target: name === undefined ? target : { backup: backup?.label ?? name },
    ...(backup?.stanza ? { stanza: backup.stanza } : {}),
    broken,
  };
}

function ended(restore: RestoreView, result: RestoreResult, begunAt: number, now: number): RestoreAction {
  if (result.outcome === 'refused') return refused(restore, result, now);
  if (result.outcome === 'failed') return failed(restore, result.reason, result.message, now);
  const { status: before, spec } = restore;
  const rtoSeconds = secondsBetween(begunAt, Date.parse(result.answeredAt));
  const rpoSeconds = secondsBetween(
    Date.parse(result.recoveryPoint),
    aim(spec.target ?? {}, result, begunAt),
  );
  const message = `${result.backup} was restored up to ${result.recoveryPoint}: it answered after ${rtoSeconds} s and misses at most ${rpoSeconds} s; ${result.rows} rows in ${result.tables} tables, every page is whole.`;
  const known: RestoreStatus = {
    ...before,
    completedAt: result.checkedAt,
    backup: result.backup,
    stanza: result.stanza,
    recoveryPoint: result.recoveryPoint,
    rtoSeconds,
    rpoSeconds,
    report: reportOf(result),
  };
  return {
    type: 'status',
    restore,
    status: over(known, 'True', 'Restored', message, now),
    note: { type: 'Normal', reason: 'Restored', message },
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

function refused(
  restore: RestoreView,
  { reason, message }: Refusal | { reason: string; message: string },
  now: number,
): RestoreAction {
  const known = { ...restore.status, observedGeneration: restore.generation };
  const refusal = withCondition(known, { type: 'Accepted', status: 'False', reason, message }, now);
  return failed({ ...restore, status: refusal }, reason, `Nothing was restored: ${message}.`, now);
}

function failed(restore: RestoreView, reason: string, message: string, now: number): RestoreAction {
  const completedAt = new Date(now).toISOString();
  const status = over({ ...restore.status, completedAt }, 'False', reason, message, now);
  return { type: 'status', restore, status, note: { type: 'Warning', reason: `Restore${reason}`, message } };
}

/** The next write for restores of an environment that is not there (yet). Pure. */
export function withoutEnvironment(restores: readonly RestoreView[], now: number): RestoreAction | undefined {
  for (const restore of restores.filter((one) => !isOver(one))) {
    const { environment } = restore.spec;
    const message = `There is no CryptoSenseEnvironment ${environment} in this namespace.`;
    const action = said(restore, 'NoEnvironment', message, now);
    if (action) return action;
  }
  return undefined;
}

/** Those whose turn it is not say for whom they wait. */
function waiting(others: RestoreView[], active: RestoreView, seen: Seen): RestoreAction | undefined {
  for (const restore of others) {
    const action = said(
      restore,
      'Waiting',
      `Restore ${active.name} of the environment comes first.`,
      seen.now,
    );
    if (action) return action;
  }
  return undefined;
}

/** Writes down how it stands, when that is not what is there. */
function said(restore: RestoreView, reason: string, message: string, now: number): RestoreAction | undefined {
  const before = restore.status.conditions?.find(({ type }) => type === 'Completed');
  if (before?.reason === reason && before.message === message) return undefined;
  const known = { ...restore.status, observedGeneration: restore.generation };
  return { type: 'status', restore, status: under(known, reason, message, now) };
}

/** Reconciling and Stalled are what tools look at that wait for any resource. */
function under(status: RestoreStatus, reason: string, message: string, now: number): RestoreStatus {
  const moving = withCondition(status, { type: 'Reconciling', status: 'True', reason, message }, now);
  return withCondition(moving, { type: 'Completed', status: 'False', reason, message }, now);
}

/** The end: nothing is done any more. */
function over(
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

function secondsBetween(from: number, to: number): number {
  return Math.max(0, Math.ceil((to - from) / 1000));
}
