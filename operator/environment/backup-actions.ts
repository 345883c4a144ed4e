import { createHash } from 'node:crypto';
import { renderBackupJob } from '../../charts/render.ts';
import { labels, type Manifest, names } from '../api/resolved.ts';
import { API_VERSION, BACKUP_KIND } from '../api/well-known.ts';
import { JOB_ANNOTATION } from '../backup/jobs.ts';
import { type BackupLook, type JobView, stepOf } from '../backup/progress.ts';
import type { BackupStatus, BackupType } from '../backup/record.ts';
import type { Action } from './actions.ts';
import { stamped } from './drift.ts';
import type { Live, Snapshot } from './snapshot.ts';

/**
 * Jobs of the backups that people asked for, and a last word on those whose Job died. `fresh`: a migration waits for a
 * full backup that begins after this moment, in milliseconds since 1970. Pure.
 */
export function backupActions(
  snapshot: Snapshot,
  fresh: number | undefined,
): { actions: Action[]; againInMs: number } {
  const { now, resolved } = snapshot;
  const { enabled } = resolved.spec.backup;
  const result = { actions: [] as Action[], againInMs: Number.POSITIVE_INFINITY };
  for (const live of snapshot.all(BACKUP_KIND)) {
    if (live.metadata.deletionTimestamp) continue;
    const { action, again } = nextOf({ resolved, now, objects: snapshot.all('Job') }, live);
    result.againInMs = Math.min(result.againInMs, again);
    if (action) result.actions.push(action);
  }
  if (fresh !== undefined && enabled) {
    const manifest = backupObject(snapshot, freshName(resolved.name, fresh));
    const why = 'a migration waits for a backup that is begun after it was asked for';
    if (!snapshot.live(manifest)) result.actions.push({ type: 'apply', manifest, why, isNew: true });
  }
  return result;
}

/** A full backup that the operator asks for, as a person would. */
export function backupObject({ resolved }: Pick<Snapshot, 'resolved'>, name: string): Manifest {
  const metadata = { name, namespace: resolved.namespace, labels: labels(resolved.name, 'backup') };
  const spec = { environment: resolved.name, type: 'full' };
  return stamped({ apiVersion: API_VERSION, kind: BACKUP_KIND, metadata, spec });
}

function freshName(environment: string, at: number): string {
  const [date, time] = new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').split('T');
  return `${environment}-migration-${date}-${time}`;
}

/** What the operator has to do so that a backup that it asked for itself is taken; undefined while the Job is at work. */
export function jobAction(around: Around, live: Live): Action | undefined {
  return nextOf(around, live).action;
}

interface Around extends Pick<Snapshot, 'resolved' | 'now'> {
  /** Jobs of the environment, among others. */
  objects: Live[];
}

/** `again`: when to look once more, in milliseconds. */
function nextOf(around: Around, live: Live): { action?: Action; again: number } {
  const { resolved, now } = around;
  const look = lookAt(around, live);
  const step = stepOf(look, { enabled: resolved.spec.backup.enabled, now });
  const again = step.do === 'wait' ? step.again : Number.POSITIVE_INFINITY;
  if (step.do === 'say') return { again, action: saying(live, step.status) };
  if (step.do !== 'begin') return { again };
  const { name, type, jobName: job } = look;
  const manifest = stamped(renderBackupJob(resolved, { job, name, type }));
  return { again, action: { type: 'apply', manifest, why: `the backup ${name} was asked for`, isNew: true } };
}

function lookAt({ resolved, objects }: Around, live: Live): BackupLook {
  const { name, uid, annotations, creationTimestamp } = live.metadata;
  const { type = 'full' } = (live.spec ?? {}) as { type?: BackupType };
  const madeBy = annotations?.[JOB_ANNOTATION];
  const hash = createHash('sha256').update(uid).digest('hex').slice(0, 10);
  const jobName = madeBy ?? names(resolved.name).backupJob(hash);
  const job = objects.find(({ kind, metadata }) => kind === 'Job' && metadata.name === jobName);
  return {
    name,
    type,
    createdAt: Date.parse(creationTimestamp ?? '') || 0,
    status: (live.status ?? {}) as BackupStatus,
    ...(madeBy === undefined ? {} : { madeBy }),
    jobName,
    ...(job ? { job: jobView(job) } : {}),
  };
}

function jobView({ metadata: { name }, status }: Live): JobView {
  const { conditions = [] } = (status ?? {}) as {
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
  };
  const is = (type: string) => conditions.find((one) => one.type === type && one.status === 'True');
  const failed = is('Failed');
  if (!failed) return { name, isOver: is('Complete') !== undefined };
  return { name, isOver: true, failure: failed.message ?? failed.reason ?? 'no reason is given' };
}

function saying({ metadata: { name, uid, resourceVersion } }: Live, status: BackupStatus): Action {
  return { type: 'sayOfBackup', name, uid, resourceVersion, status, why: 'its Job cannot say it any more' };
}
