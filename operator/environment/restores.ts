import { renderRestore } from '../../charts/render.ts';
import { labels, type Manifest, names, type OwnerReference } from '../api/resolved.ts';
import { API_VERSION, RESTORE_KIND } from '../api/well-known.ts';
import type { RestoreAction, Seen } from '../restore/actions.ts';
import { nextAction, withoutEnvironment } from '../restore/decide.ts';
import { knownBackups } from '../restore/known-backups.ts';
import { type Calendar, dueDrill, lastDrill, rehearsed, untilDrill } from '../restore/rehearsals.ts';
import { isOver, type JobPart, PARTS, type RestoreView } from '../restore/view.ts';
import type { Note } from '../rollout/state.ts';
import type { Action } from './actions.ts';
import { backupObject } from './backup-actions.ts';
import { stamped } from './drift.ts';
import { placeOf } from './in-place.ts';
import { owned } from './ownership.ts';
import { jobView } from './restore-jobs.ts';
import { hashOf, restoresOf } from './restore-views.ts';
import type { Live, Snapshot } from './snapshot.ts';

/** The next write for the restores of the environment, what is left over of those that are gone, and a rehearsal that is due. */
export function restoreActions(snapshot: Snapshot, owner: OwnerReference): Action[] {
  const objects = snapshot.all(RESTORE_KIND);
  const next = nextAction(seenOf(snapshot));
  return [
    ...(next ? [written(next, snapshot, owner)] : []),
    ...strays(snapshot, objects),
    ...scheduled(snapshot),
  ];
}

function seenOf(snapshot: Snapshot): Seen {
  const obstacle = obstacleOf(snapshot);
  const pods = snapshot.all('Pod');
  return {
    now: snapshot.now,
    ...knownBackups(snapshot.all('CryptoSenseBackup')),
    // What of the log is archived, only the repository knows: the Job looks.
    archives: [],
    restores: restoresOf(snapshot),
    job: (restore, part) => jobView(jobOf(snapshot, restore, part), pods),
    place: placeOf(snapshot),
    ...(obstacle === undefined ? {} : { obstacle }),
  };
}

function obstacleOf({ resolved: { name, spec } }: Snapshot): string | undefined {
  if (spec.backup.enabled) return undefined;
  return `spec.backup.enabled of the environment ${name} is false, so that nothing is known of a bucket to restore from`;
}

/** The next write for restores of which the environment is not there. */
export function lostRestoreAction(objects: readonly Live[], now: number): Action | undefined {
  const next = withoutEnvironment(restoresOf({ all: () => [...objects], now }), now);
  return next?.type === 'status' ? reported(next, objects) : undefined;
}

function written(action: RestoreAction, snapshot: Snapshot, owner: OwnerReference): Action {
  const { restore } = action;
  if (action.type === 'status') return reported(action, snapshot.all(RESTORE_KIND));
  if (action.type === 'beginJob') {
    const { part, target, stanza, kept, broken } = action;
    const { mode } = restore.spec;
    const job = {
      hash: hashOf(restore),
      kind: part === 'look' ? part : mode,
      target,
      broken,
      ...(stanza ? { stanza } : {}),
      ...(kept ? { kept } : {}),
    };
    const manifest = stamped(owned(renderRestore(snapshot.resolved, job), owner));
    return { type: 'apply', manifest, why: `CryptoSenseRestore ${restore.name} asks for it`, isNew: true };
  }
  if (action.type === 'askBackup') {
    const { name, why } = action;
    return { type: 'apply', manifest: backupObject(snapshot, name), why, isNew: true };
  }
  const { metadata } = jobOf(snapshot, restore, action.part) as Live;
  return { type: 'delete', kind: 'Job', name: metadata.name, uid: metadata.uid, why: action.why };
}

function reported(
  { restore, status, note }: Extract<RestoreAction, { type: 'status' }>,
  objects: readonly Live[],
): Action {
  const live = objects.find(({ metadata }) => metadata.uid === restore.uid) as Live;
  const { name, uid, resourceVersion } = live.metadata;
  const why = 'its state has changed';
  return {
    type: 'report',
    kind: RESTORE_KIND,
    name,
    uid,
    resourceVersion,
    status,
    why,
    ...(note ? { note } : {}),
  };
}

function jobOf(snapshot: Snapshot, restore: Pick<RestoreView, 'uid'>, part: JobPart): Live | undefined {
  const { name, namespace } = snapshot.resolved;
  const job = names(name).restore(hashOf(restore), part);
  return snapshot.live({ kind: 'Job', metadata: { name: job, namespace } });
}

/** Who deletes the resource does not want its restore any more. */
function strays(snapshot: Snapshot, objects: readonly Live[]): Action[] {
  const its = names(snapshot.resolved.name);
  const wanted = new Set(
    objects.flatMap(({ metadata }) => PARTS.map((part) => its.restore(hashOf(metadata), part))),
  );
  return snapshot
    .all('Job')
    .filter(({ metadata }) => metadata.name.startsWith(its.restore('')) && !wanted.has(metadata.name))
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata: { name, uid } }) => ({
      type: 'delete',
      kind: 'Job',
      name,
      uid,
      why: 'nobody asks for this restore any more',
    }));
}

function scheduled(snapshot: Snapshot): Action[] {
  const calendar = calendarOf(snapshot);
  if (calendar === undefined) return [];
  const restores = restoresOf(snapshot);
  const due = dueDrill(calendar, restores);
  // It would only wait for the one before it.
  if (due === undefined || restores.some((one) => !isOver(one))) return [];
  const { name, namespace } = snapshot.resolved;
  const manifest: Manifest = {
    apiVersion: API_VERSION,
    kind: RESTORE_KIND,
    metadata: { name: due, namespace, labels: labels(name, 'restore') },
    spec: { environment: name, mode: 'drill' },
  };
  return [{ type: 'apply', manifest: stamped(manifest), why: 'a rehearsal is due', isNew: true }];
}

/** Undefined where no rehearsals are asked for, or there is nothing to restore yet. */
function calendarOf(snapshot: Snapshot): Calendar | undefined {
  const { drillSchedule, enabled } = snapshot.resolved.spec.backup;
  const ends = knownBackups(snapshot.all('CryptoSenseBackup')).backups.flatMap(({ type, stoppedAt }) =>
    type === 'full' && stoppedAt !== undefined ? [stoppedAt] : [],
  );
  if (!enabled || drillSchedule === undefined || ends.length === 0) return undefined;
  const born = Date.parse(snapshot.environment.metadata.creationTimestamp ?? '') || 0;
  const since = Math.max(born, Math.min(...ends));
  return { environment: snapshot.resolved.name, schedule: drillSchedule, since, now: snapshot.now };
}

/** In how many milliseconds a rehearsal is due, or overdue. */
export function rehearsalAgainInMs(snapshot: Snapshot): number {
  const calendar = calendarOf(snapshot);
  return calendar === undefined ? Number.POSITIVE_INFINITY : untilDrill(calendar);
}

/** What the environment's status says of rehearsals. */
export function rehearsalStatus(snapshot: Snapshot) {
  const restores = restoresOf(snapshot);
  const last = lastDrill(restores, snapshot.environment.status?.backup?.lastDrill);
  const calendar = calendarOf(snapshot);
  return {
    ...(last ? { lastDrill: last } : {}),
    ...(calendar ? { verdict: rehearsed(calendar, restores, last) } : {}),
  };
}

/** Said once, when a rehearsal has failed or is overdue. */
export function rehearsalNotes(snapshot: Snapshot): Note[] {
  const { verdict } = rehearsalStatus(snapshot);
  if (verdict?.status !== 'False') return [];
  const before = snapshot.environment.status?.conditions?.find(({ type }) => type === 'RestoreRehearsed');
  const { reason, message } = verdict;
  const isSaid = before?.status === 'False' && before.reason === reason;
  return isSaid ? [] : [{ type: 'Warning', reason: `Rehearsal${reason}`, message }];
}
