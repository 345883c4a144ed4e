import { createHash } from 'node:crypto';
import { SETTINGS_FILE } from '../../charts/database.ts';
import { renderDatabaseCheck } from '../../charts/render.ts';
import { LABELS, type Manifest, names, type OwnerReference } from '../api/resolved.ts';
import type { Action } from './actions.ts';
import { stamped } from './drift.ts';
import { owned } from './ownership.ts';
import type { Live, Snapshot } from './snapshot.ts';

/** What is known of the settings that the database is to get. */
export interface SettingsCheck {
  /** unneeded: nothing new, or nothing that a user wrote. */
  state: 'unneeded' | 'running' | 'passed' | 'refused';
  /** Names what is tried: settings and image. */
  hash: string;
  settings: string;
  /** A sentence while it runs or when it failed, or ''. */
  message: string;
  /** Whether its Job is there. */
  begun: boolean;
  /** Kinds of the database's objects that stay as they are until it has passed. */
  held: string[];
  /** Jobs that tried something else, or what the database has by now. */
  over: Live[];
}

interface Container {
  state?: {
    waiting?: { reason?: string };
    terminated?: { exitCode?: number; reason?: string; message?: string };
  };
}

const COMPONENT = 'database-check';
const LONGEST_MESSAGE = 900;

/**
 * Settings that a user wrote reach the database when a scratch PostgreSQL of the same image has started with them;
 * until then, and when it does not, the last good ones stay. Pure. The tier's own settings are not tried.
 */
function settingsCheck(snapshot: Snapshot, wanted: Manifest[]): SettingsCheck {
  const { name, namespace, spec } = snapshot.resolved;
  const its = names(name);
  const { image, parameters } = spec.database;
  const settings =
    settingsIn(wanted.find((m) => m.kind === 'ConfigMap' && m.metadata.name === its.database)) ?? '';
  const hash = createHash('sha256').update(`${image}\n${settings}`).digest('hex').slice(0, 7);
  const get = (kind: string) => snapshot.live({ kind, metadata: { name: its.database, namespace } });
  const former = settingsIn(get('ConfigMap'));
  const statefulSet = get('StatefulSet');
  const isNew = former !== settings || (statefulSet && imageOf(statefulSet) !== image);
  const isNeeded = Object.keys(parameters).length > 0 && isNew;
  const jobs = snapshot
    .all('Job')
    .filter(({ metadata }) => metadata.labels?.[LABELS.component] === COMPONENT);
  const job = jobs.find(({ metadata }) => metadata.name === its.databaseCheck(hash));
  const over = jobs.filter((one) => (!isNeeded || one !== job) && !one.metadata.deletionTimestamp);
  const base = { hash, settings, begun: job !== undefined, over, held: [] };
  if (!isNeeded) return { ...base, state: 'unneeded', message: '' };
  const { conditions = [] } = (job?.status ?? {}) as {
    conditions?: { type: string; status: string; message?: string }[];
  };
  const is = (type: string) => conditions.find((c) => c.type === type && c.status === 'True');
  if (is('Complete')) return { ...base, state: 'passed', message: '' };
  // One that is made again around its running pods (its volume grew) must not wait: its settings are the former ones.
  const held = former !== undefined && !statefulSet ? ['ConfigMap'] : ['ConfigMap', 'StatefulSet'];
  const containers = snapshot
    .all('Pod')
    .filter(({ metadata }) => metadata.labels?.['batch.kubernetes.io/job-name'] === its.databaseCheck(hash))
    .flatMap(
      ({ status }) => (status as { containerStatuses?: Container[] } | undefined)?.containerStatuses ?? [],
    );
  const failed = is('Failed');
  if (!failed) {
    const waiting = containers
      .map(({ state }) => state?.waiting?.reason)
      .find((r) => r && r !== 'ContainerCreating');
    const why = waiting ? ` (${waiting})` : '';
    return {
      ...base,
      held,
      state: 'running',
      message: `Its new settings are tried on a scratch PostgreSQL first${why}.`,
    };
  }
  const said = containers
    .map(({ state }) => state?.terminated)
    .find((end) => end !== undefined && end.exitCode !== 0);
  const words = (said?.message || said?.reason || failed.message || 'it failed')
    .trim()
    .slice(-LONGEST_MESSAGE);
  return {
    ...base,
    held,
    state: 'refused',
    message: `spec.database.parameters were tried on a scratch PostgreSQL and are not used, the last good settings stay: ${words} (to have the same ones tried again, delete Job ${its.databaseCheck(hash)})`,
  };
}

/** The snapshot with what is known of the settings in `wanted`, all that is to be written of the components. */
export function withSettingsCheck(snapshot: Snapshot, wanted: Manifest[]): Snapshot {
  const check = settingsCheck(snapshot, wanted);
  const { database } = snapshot.workloads;
  const settled = database.settled && check.state !== 'running';
  const message = [database.message, check.message].filter(Boolean).join(' ');
  const workloads = { ...snapshot.workloads, database: { ...database, settled, message } };
  return { ...snapshot, settingsCheck: check, workloads };
}

/** Whether `manifest` has to stay as it is until the check has passed. */
export function isHeld(manifest: Manifest, { settingsCheck: check, resolved }: Snapshot): boolean {
  return (
    manifest.metadata.name === names(resolved.name).database && (check?.held ?? []).includes(manifest.kind)
  );
}

/** Begins the check that is needed, and removes those that are over. */
export function checkActions({ settingsCheck: check, resolved }: Snapshot, owner: OwnerReference): Action[] {
  if (!check) return [];
  const ended = check.over.map(({ kind, metadata: { name, uid } }): Action => {
    return { type: 'delete', kind, name, uid, why: 'what it tried is decided, or not asked for any more' };
  });
  if (check.state !== 'running' || check.begun) return ended;
  const manifest = stamped(owned(renderDatabaseCheck(resolved, check), owner));
  return [
    ...ended,
    {
      type: 'apply',
      manifest,
      why: 'settings that a user wrote are tried before they are used',
      isNew: true,
    },
  ];
}

function settingsIn(configMap: Live | Manifest | undefined): string | undefined {
  return (configMap?.data as Record<string, string> | undefined)?.[SETTINGS_FILE];
}

function imageOf(statefulSet: Live): string | undefined {
  const { template } = (statefulSet.spec ?? {}) as {
    template?: { spec: { containers: { name: string; image: string }[] } };
  };
  return template?.spec.containers.find(({ name }) => name === 'database')?.image;
}
