import { LABELS, type Manifest, names } from '../api/resolved.ts';
import { BACKUP_KIND } from '../api/well-known.ts';
import { type BackupStatus, conditionOf, RUNNING } from '../backup/record.ts';
import { nextStanza, stanzaOf } from '../backup/repository.ts';
import type { BackupView, Place } from '../restore/actions.ts';
import { holding } from '../restore/in-place.ts';
import type { RestoreView } from '../restore/view.ts';
import type { Action } from './actions.ts';
import { hashOf, restoresOf } from './restore-views.ts';
import type { Live, Snapshot, Workload } from './snapshot.ts';

/** On a member's pod: it may remove the data of before the restore in place that this names; see images/database/member/follow.py. */
const FORGET = 'cryptosense.io/forget-former-data';

/** What a restore in place depends on. */
export function placeOf(snapshot: Snapshot): Place {
  const { name, spec } = snapshot.resolved;
  const { restored } = spec.database;
  const stanza = stanzaOf(name, spec.backup.stanza);
  const migrating = migratingIn(snapshot);
  const writers = writersIn(snapshot);
  const notServing = notServingIn(snapshot);
  return {
    stanza,
    nextStanza: nextStanza(name, stanza),
    ...(restored === undefined ? {} : { generation: restored }),
    generationOf: hashOf,
    backupName: (restore, when) => names(name).backupAround(when, hashOf(restore)),
    backup: (backup) =>
      backupView(snapshot.all(BACKUP_KIND).find(({ metadata }) => metadata.name === backup)),
    ...(migrating === undefined ? {} : { migrating }),
    ...(writers === undefined ? {} : { writers }),
    ...(notServing === undefined ? {} : { notServing }),
  };
}

function backupView(live: Live | undefined): BackupView {
  if (live === undefined) return { state: 'absent' };
  const completed = conditionOf((live.status ?? {}) as BackupStatus, 'Completed');
  if (!completed || completed.reason === RUNNING) return { state: 'running' };
  const { status, message } = completed;
  return { state: status === 'True' ? 'complete' : 'failed', ...(message ? { message } : {}) };
}

function migratingIn({ all }: Snapshot): string | undefined {
  const isOver = ({ status }: Live) =>
    ((status ?? {}) as { conditions?: { type: string; status: string }[] }).conditions?.some(
      ({ type, status: is }) => is === 'True' && ['Complete', 'Failed'].includes(type),
    ) === true;
  const job = all('Job').find(
    (one) => one.metadata.labels?.[LABELS.component] === 'migration' && !isOver(one),
  );
  return job && `the migration ${job.metadata.name} is at work`;
}

/** Whoever could write to the database or to its volume. */
function writersIn({ all }: Snapshot): string | undefined {
  const writes = ['database', 'pooler', 'migration', 'restore'];
  const pods = all('Pod').filter(
    (pod) => writes.includes(pod.metadata.labels?.[LABELS.component] ?? '') && mayRun(pod),
  );
  return pods.length === 0
    ? undefined
    : `${pods.map(({ metadata }) => metadata.name).join(', ')}`.slice(0, 500);
}

function mayRun({ status }: Live): boolean {
  const { phase, containerStatuses = [] } = (status ?? {}) as {
    phase?: string;
    containerStatuses?: { state?: { terminated?: object } }[];
  };
  const isEnded = containerStatuses.length > 0 && containerStatuses.every(({ state }) => state?.terminated);
  return phase !== 'Succeeded' && phase !== 'Failed' && !isEnded;
}

function notServingIn({ workloads: { database, pooler } }: Snapshot): string | undefined {
  return [database, pooler].find(({ ready, readyPods }) => !ready || readyPods === 0)?.message;
}

/** The restore for which writers are held off, if there is one. */
export function heldFor(snapshot: Snapshot): RestoreView | undefined {
  const { restored } = snapshot.resolved.spec.database;
  const own = { generationOf: hashOf, ...(restored === undefined ? {} : { generation: restored }) };
  return holding(restoresOf(snapshot), own);
}

/** The snapshot as it is while writers are held off: nobody may take the stopped database for one that serves. */
export function withHold(snapshot: Snapshot): Snapshot {
  const restore = heldFor(snapshot);
  if (!restore) return snapshot;
  const { name, status } = restore;
  const said = status.conditions?.find(({ type }) => type === 'Completed')?.message ?? '';
  const message = `Held for CryptoSenseRestore ${name}, which replaces the data (${status.step}): ${said}`;
  const held = (workload: Workload) => ({ ...workload, ready: false, settled: false, message });
  const { database, pooler } = snapshot.workloads;
  return {
    ...snapshot,
    workloads: { ...snapshot.workloads, database: held(database), pooler: held(pooler) },
  };
}

/** `manifest` as it is written while writers are held off: neither PgBouncer nor the database runs, and no backup begins. */
export function heldManifest(manifest: Manifest, { resolved }: Snapshot): Manifest {
  const its = names(resolved.name);
  const { kind, metadata } = manifest;
  const spec = manifest.spec as object;
  const isStopped =
    (kind === 'StatefulSet' && metadata.name === its.database) ||
    (kind === 'Deployment' && metadata.name === its.pooler);
  if (isStopped) return { ...manifest, spec: { ...spec, replicas: 0 } };
  if (kind === 'CronJob' && metadata.name === its.backup)
    return { ...manifest, spec: { ...spec, suspend: true } };
  return manifest;
}

/** Members give the room of the former data back when a restore of the new one's backup has worked. */
export function formerDataActions({ resolved, all }: Snapshot): Action[] {
  const { name, spec } = resolved;
  const { restored } = spec.database;
  if (restored === undefined) return [];
  const stanza = stanzaOf(name, spec.backup.stanza);
  const isSafe = all(BACKUP_KIND).some(({ status }) => {
    const known = (status ?? {}) as BackupStatus;
    return known.stanza === stanza && conditionOf(known, 'Verified')?.status === 'True';
  });
  if (!isSafe) return [];
  return all('Pod')
    .filter(({ metadata }) => metadata.labels?.[LABELS.component] === 'database')
    .filter(({ metadata }) => !metadata.deletionTimestamp && metadata.annotations?.[FORGET] !== restored)
    .map(({ metadata: { name: pod, uid } }) => ({
      type: 'annotate',
      kind: 'Pod',
      name: pod,
      uid,
      annotations: { [FORGET]: restored },
      why: 'the restored data has a backup of which a restore has worked',
    }));
}
