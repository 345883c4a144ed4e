import type { RestoreAction, Seen } from './actions.ts';
import { failed, foundIn, over, refused, said, secondsBetween, under } from './course.ts';
import type { RestoreResult } from './result.ts';
import { isOver, type RestoreStatus, type RestoreView, type Step } from './view.ts';

/**
 * The next write for a restore in place that has begun, or nothing while it waits. Pure; every step is decided by what was
 * written before it, so that the operator may die after any of them.
 *
 * Until the step Starting nothing of the database is changed: whatever ends the restore before, a failure or somebody who
 * deletes it, the members start on the data that they had. From Starting on they start on the restored data alone.
 */
export function nextInPlace(restore: RestoreView, seen: Seen): RestoreAction | undefined {
  const { step = 'Checking' } = restore.status;
  return STEPS[step](restore, seen);
}

/** A Job that is begun, by what `beginJob` makes of it. */
type Begin = (restore: RestoreView, seen: Seen) => RestoreAction;

const STEPS: Record<Step, (restore: RestoreView, seen: Seen) => RestoreAction | undefined> = {
  Checking: checking,
  Securing: securing,
  Stopping: stopping,
  Restoring: restoring,
  Starting: starting,
};

/** Reads the repository whether the target can be reached, while everybody still writes. */
function checking(restore: RestoreView, seen: Seen): RestoreAction | undefined {
  const message = 'The repository is read whether the target can be reached.';
  return ofJob(restore, seen, { part: 'look', begin: beginLook, message }, (result) => {
    if (result.outcome !== 'possible') return undefined;
    const known = { ...restore.status, backup: result.backup, stanza: result.stanza };
    return to('Securing', { ...restore, status: known }, 'The target can be reached.', seen);
  });
}

/** No restore in place without a full backup of what it replaces, unless somebody says that it may be lost. */
function securing(restore: RestoreView, seen: Seen): RestoreAction | undefined {
  const { migrating } = seen.place;
  const whenSecured = (status: RestoreStatus) =>
    migrating === undefined
      ? to('Stopping', { ...restore, status }, 'PgBouncer and the database are stopped.', seen)
      : said({ ...restore, status }, 'Securing', `Before anything is stopped: ${migrating}.`, seen.now);
  if (restore.spec.withoutSafetyBackup) return whenSecured(restore.status);
  const name = seen.place.backupName(restore, 'before');
  const { state, message } = seen.place.backup(name);
  if (state === 'absent')
    return {
      type: 'askBackup',
      restore,
      name,
      why: 'a restore in place begins with a backup of what it replaces',
    };
  if (state === 'complete') return whenSecured({ ...restore.status, safetyBackup: name });
  if (state === 'failed')
    return failed(
      restore,
      'NoSafetyBackup',
      `Nothing was changed: the backup ${name} of what would be replaced cannot be taken (${message ?? 'no reason is given'}). Mend that, or make another restore with spec.withoutSafetyBackup: true, if what was written since the newest backup may be lost.`,
      seen.now,
    );
  return said(restore, 'Securing', `The backup ${name} of what is replaced is being taken.`, seen.now);
}

function stopping(restore: RestoreView, seen: Seen): RestoreAction | undefined {
  const { writers } = seen.place;
  if (writers === undefined) return to('Restoring', restore, 'Nobody writes any more.', seen);
  return said(restore, 'Stopping', `Clients get 503. Still there: ${writers}.`, seen.now);
}

/** Lays the restored data beside the former, on the volume of member 0. */
function restoring(restore: RestoreView, seen: Seen): RestoreAction | undefined {
  const message = 'The data is restored and checked beside the former; clients get 503 meanwhile.';
  const action = ofJob(restore, seen, { part: 'main', begin: beginMain, message }, (result) => {
    if (result.outcome !== 'restored') return undefined;
    const begunAt = Date.parse(restore.status.startedAt ?? '');
    const status = { ...foundIn(restore, result, begunAt), archive: seen.place.nextStanza };
    return to('Starting', { ...restore, status }, 'The restored data is whole.', seen);
  });
  // Both would have the volume.
  const { writers } = seen.place;
  if (action?.type !== 'beginJob' || writers === undefined) return action;
  return said(
    restore,
    'Restoring',
    `It waits until nobody has the volume. Still there: ${writers}.`,
    seen.now,
  );
}

/** The members start on the restored data, with an archive of its own, which begins with a full backup. */
function starting(restore: RestoreView, seen: Seen): RestoreAction | undefined {
  const { place, now } = seen;
  const { safetyBackup, startedAt = '', archive, recoveryPoint, report } = restore.status;
  const kept = `The data of before is in pgdata.before-${place.generationOf(restore)} on the volumes until the restored data has a backup${safetyBackup ? `, and in the backup ${safetyBackup}` : ''}`;
  if (place.generation !== place.generationOf(restore) || place.notServing !== undefined) {
    const waits = place.notServing ?? 'the members are being told';
    return said(restore, 'Starting', `The members start on the restored data: ${waits}. ${kept}.`, now);
  }
  const after = place.backupName(restore, 'after');
  if (place.backup(after).state === 'absent')
    return {
      type: 'askBackup',
      restore,
      name: after,
      why: 'the archive of the restored data begins with a full backup',
    };
  const rtoSeconds = secondsBetween(Date.parse(startedAt), now);
  const message = `The data is that of ${recoveryPoint}: ${report?.rows} rows in ${report?.tables} tables, every page is whole. It serves after ${rtoSeconds} s, and its log goes to ${archive}, which begins with the backup ${after}. ${kept}.`;
  const completedAt = new Date(now).toISOString();
  const status = over({ ...restore.status, completedAt, rtoSeconds }, 'True', 'Restored', message, now);
  return { type: 'status', restore, status, note: { type: 'Normal', reason: 'Restored', message } };
}

/** What becomes of a Job: begun, waited for, and at its end what `then` makes of its result. */
function ofJob(
  restore: RestoreView,
  seen: Seen,
  { part, begin, message }: { part: 'look' | 'main'; begin: Begin; message: string },
  then: (result: RestoreResult) => RestoreAction | undefined,
): RestoreAction | undefined {
  const { now } = seen;
  const { state, result, problem, isLeaving } = seen.job(restore, part);
  if (result?.outcome === 'refused') return refused(restore, result, now);
  if (result?.outcome === 'failed') return failed(restore, result.reason, unchanged(result.message), now);
  const done = result && then(result);
  if (done) return done;
  if (state === 'absent') return begin(restore, seen);
  if (state === 'ended' && !isLeaving)
    return failed(restore, 'Failed', unchanged(problem ?? 'its pod is gone and with it what it said'), now);
  const why = problem ? ` (${problem})` : '';
  return said(restore, restore.status.step ?? 'Checking', `${message}${why}`, now);
}

function unchanged(message: string): string {
  return `The environment goes on with the data that it had, of which nothing was changed: ${message}`;
}

/** The Job finds the label that the repository has of a backup's name: with it nothing is left to choose. */
function beginLook(restore: RestoreView, seen: Seen): RestoreAction {
  const { backup: name, ...target } = restore.spec.target ?? {};
  const backup = seen.backups.find((one) => one.name === name);
  return {
    type: 'beginJob',
    restore,
    part: 'look',
    target: name === undefined ? target : { backup: backup?.label ?? name },
    ...(backup?.stanza ? { stanza: backup.stanza } : {}),
    broken: brokenIn(seen),
  };
}

/** The safety backup is newer than what was chosen, and may not take the log of that out of reach. */
function beginMain(restore: RestoreView, seen: Seen): RestoreAction {
  const { backup, stanza } = restore.status;
  const { target } = beginLook(restore, seen) as Extract<RestoreAction, { type: 'beginJob' }>;
  return {
    type: 'beginJob',
    restore,
    part: 'main',
    target,
    broken: brokenIn(seen),
    ...(stanza === undefined ? {} : { stanza }),
    ...(backup === undefined ? {} : { kept: backup }),
  };
}

/** Names in the repository of backups of which a restore has failed. */
export function brokenIn({ backups }: Pick<Seen, 'backups'>): string[] {
  return backups.flatMap(({ isBroken, label }) => (isBroken && label ? [label] : []));
}

function to(step: Step, restore: RestoreView, message: string, { now }: Seen): RestoreAction {
  const known = { ...restore.status, observedGeneration: restore.generation, step };
  return { type: 'status', restore, status: under(known, step, message, now) };
}

/**
 * The restore for which PgBouncer and the database are kept stopped, if there is one. From the moment at which the members
 * are told of the restored data (`generation` is that of the restore) they start.
 */
export function holding(
  restores: readonly RestoreView[],
  { generation, generationOf }: Pick<Seen['place'], 'generation' | 'generationOf'>,
): RestoreView | undefined {
  return restores.find((restore) => {
    const { step } = restore.status;
    if (restore.spec.mode !== 'inPlace' || isOver(restore)) return false;
    if (step === 'Starting') return generation !== generationOf(restore);
    return step === 'Stopping' || step === 'Restoring';
  });
}

/** The restore whose data the members are to have, once it is laid beside theirs. */
export function decidedFor(restores: readonly RestoreView[]): RestoreView | undefined {
  return restores.find(
    (restore) => restore.spec.mode === 'inPlace' && !isOver(restore) && restore.status.step === 'Starting',
  );
}
