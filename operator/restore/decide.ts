import type { RestoreAction, Seen } from './actions.ts';
import { failed, foundIn, over, refused, said, secondsBetween, under } from './course.ts';
import { brokenIn, nextInPlace } from './in-place.ts';
import type { RestoreResult } from './result.ts';
import { chooseBackup } from './targets.ts';
import { is, isOver, PARTS, type RestoreStatus, type RestoreView, withCondition } from './view.ts';

/** The next write for the restores of one environment, or nothing. Pure. */
export function nextAction(seen: Seen): RestoreAction | undefined {
  for (const restore of seen.restores) {
    for (const part of PARTS) {
      const { state, isLeaving } = seen.job(restore, part);
      // Its volume is as large as the database; the pod of one that failed can be looked into for an hour.
      if (is(restore.status, 'Completed') && state !== 'absent' && !isLeaving)
        return { type: 'endJob', restore, part, why: 'what it restored is measured and not needed any more' };
    }
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
  if (restore.spec.mode === 'inPlace') return nextInPlace(restore, seen);
  const job = seen.job(restore, 'main');
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
  const reason = restore.spec.mode === 'inPlace' ? 'Checking' : 'Restoring';
  return { type: 'status', restore, status: under(accepted, reason, 'It has begun.', seen.now) };
}

/** What the operator knows of backups may have gaps; the Job looks into the repository itself before it restores. */
function refusalOf({ spec }: RestoreView, seen: Seen): { reason: string; message: string } | undefined {
  if (seen.obstacle !== undefined) return { reason: 'NotPossible', message: seen.obstacle };
  const isKnown = seen.backups.some(({ type, stoppedAt }) => type === 'full' && stoppedAt !== undefined);
  if (!isKnown && spec.target?.backup === undefined) return undefined;
  const decision = chooseBackup(spec.target ?? {}, seen);
  return 'refused' in decision ? decision.refused : undefined;
}

function beginJob(restore: RestoreView, seen: Seen): RestoreAction {
  const { backup: name, ...target } = restore.spec.target ?? {};
  const backup = seen.backups.find((one) => one.name === name);
  return {
    type: 'beginJob',
    restore,
    part: 'main',
    target: name === undefined ? target : { backup: backup?.label ?? name },
    ...(backup?.stanza ? { stanza: backup.stanza } : {}),
    broken: brokenIn(seen),
  };
}

function ended(restore: RestoreView, result: RestoreResult, begunAt: number, now: number): RestoreAction {
  if (result.outcome === 'refused') return refused(restore, result, now);
  if (result.outcome === 'failed') return failed(restore, result.reason, result.message, now);
  if (result.outcome === 'possible') return failed(restore, 'Failed', 'its Job did something else', now);
  const rtoSeconds = secondsBetween(begunAt, Date.parse(result.answeredAt));
  const found = foundIn(restore, result, begunAt);
  const message = `${result.backup} was restored up to ${result.recoveryPoint}: it answered after ${rtoSeconds} s and misses at most ${found.rpoSeconds} s; ${result.rows} rows in ${result.tables} tables, every page is whole.`;
  const known: RestoreStatus = { ...found, completedAt: result.checkedAt, rtoSeconds };
  return {
    type: 'status',
    restore,
    status: over(known, 'True', 'Restored', message, now),
    note: { type: 'Normal', reason: 'Restored', message },
  };
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
