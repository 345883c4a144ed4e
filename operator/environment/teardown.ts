import { type Environment, FINALIZER, LABELS, names } from '../api/resolved.ts';
import type { Condition, EnvironmentStatus } from '../api/status.ts';
import type { Note } from '../rollout/state.ts';
import type { Action } from './actions.ts';
import type { Caches } from './caches.ts';
import { transition } from './conditions.ts';
import { dataViolation, RETAINED } from './data-guard.ts';
import { finalBackup } from './final-backup.ts';
import { otherController, STEPS, stepOf } from './ownership.ts';
import { WATCHED } from './resources.ts';
import type { Live } from './snapshot.ts';

/** Others make these of what the operator makes, and take them away with it. Pods are waited for. */
export const MADE_BY_OTHERS: ReadonlySet<string> = new Set(['Pod', 'EndpointSlice', 'Certificate']);

const MOST_NAMES = 3;
/** A Job that died is found out by the time that passes. */
const FINAL_BACKUP_MS = 30_000;

/** What is left of an environment that is being deleted, seen at one moment. */
export interface Remains {
  now: number;
  environment: Environment;
  /** Everything with the environment's label, pods included. */
  objects: Live[];
}

export interface Teardown {
  /** Written before the actions, for this uid alone: it fails when the environment is another one by now. */
  status?: EnvironmentStatus;
  actions: Action[];
  /** Said before the actions. */
  notes: Note[];
  /** Look again then, also when nothing changes. */
  againInMs?: number;
}

/** Whether the environment is being deleted, and it is for the operator to say when it is gone. */
export function isLeaving({ metadata }: Environment): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(FINALIZER);
}

export function observeRemains(caches: Caches, environment: Environment, now: number): Remains {
  const { name, namespace } = environment.metadata;
  const kinds = WATCHED.map(({ kind }) => kind).filter((kind) => caches.has(kind));
  return { now, environment, objects: kinds.flatMap((kind) => caches.of(kind, namespace, name)) };
}

/**
 * The next writes of a deletion: those of the first step that has something left, or, when nothing is left at all, the
 * one that lets the environment go. It only ever deletes: in a namespace that ends, nothing can be made. Pure.
 * `refused` is what the API server said to the last try, if it refused it.
 */
export function planTeardown(remains: Remains, refused?: string): Teardown {
  const { environment, objects } = remains;
  const { uid, finalizers = [] } = environment.metadata;
  for (const step of STEPS) {
    const final = step === 'the final backup' ? finalBackup(remains, refused) : undefined;
    if (final)
      return {
        status: leavingStatus(remains, final.message, final.problem ?? refused),
        actions: final.actions,
        notes: isAnnounced(environment) ? [] : [announcement(environment)],
        againInMs: FINAL_BACKUP_MS,
      };
    const left = objects.filter((live) => stepOf(live) === step && counts(live, uid));
    if (left.length === 0) continue;
    const actions = left
      .filter((live) => live.kind !== 'Pod' && live.metadata.deletionTimestamp === undefined)
      .map(
        ({ kind, metadata }): Action => ({
          type: 'delete',
          kind,
          name: metadata.name,
          uid: metadata.uid,
          why: `the environment is being deleted: ${step}`,
        }),
      );
    const violation = dataViolation(actions, environment);
    const message = `Deleting ${step}: waiting for ${listed(left)}.`;
    return {
      status: leavingStatus(remains, message, violation ?? refused),
      actions: violation ? [] : actions,
      notes: isAnnounced(environment) ? [] : [announcement(environment)],
    };
  }
  const others = finalizers.filter((finalizer) => finalizer !== FINALIZER);
  return { actions: [{ type: 'end', finalizers: others }], notes: [farewell(environment)] };
}

/** Whether `live` has to be gone before the next step. What somebody else controls goes with its controller. */
function counts(live: Live, uid: string): boolean {
  if (live.kind === 'Pod') return true;
  if (live.metadata.labels?.[LABELS.retained] === 'true') return false;
  return !MADE_BY_OTHERS.has(live.kind) && !RETAINED.has(live.kind) && !otherController(live, uid);
}

function listed(left: Live[]): string {
  const shown = left.slice(0, MOST_NAMES).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  const more = left.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** The components have no condition any more: what is said of them would be wrong in a moment. */
function leavingStatus(
  { environment, now }: Remains,
  message: string,
  refused: string | undefined,
): EnvironmentStatus {
  const { generation } = environment.metadata;
  const { conditions: before, ...status } = environment.status ?? {};
  const is = (type: string, value: Pick<Condition, 'status' | 'reason' | 'message'>) =>
    transition(before, type, value, generation, now);
  return {
    ...status,
    observedGeneration: generation,
    summary: (refused ?? message).slice(0, 1024),
    conditions: [
      is('Ready', { status: 'False', reason: 'Deleting', message: 'The environment is being deleted.' }),
      is('Reconciling', { status: 'True', reason: 'Deleting', message: message.slice(0, 2048) }),
      is(
        'Stalled',
        refused
          ? { status: 'True', reason: 'DeletionRefused', message: refused.slice(0, 2048) }
          : { status: 'False', reason: 'NotStalled', message: 'Nothing stands in the way.' },
      ),
    ],
  };
}

/** What the API server said to the last try, as the status has it. */
export function refusalOf({ status }: Environment): string | undefined {
  const stalled = status?.conditions?.find(({ type }) => type === 'Stalled');
  return stalled?.reason === 'DeletionRefused' ? stalled.message : undefined;
}

function isAnnounced({ status }: Environment): boolean {
  return status?.conditions?.some(({ type, reason }) => type === 'Ready' && reason === 'Deleting') ?? false;
}

function announcement({ metadata }: Environment): Note {
  return {
    type: 'Normal',
    reason: 'Deleting',
    message: `The route, the API, PgBouncer, Redis and PostgreSQL are deleted in this order. ${kept(metadata)}`,
  };
}

function farewell({ metadata }: Environment): Note {
  return { type: 'Normal', reason: 'Deleted', message: `Everything is deleted. ${kept(metadata)}` };
}

function kept({ name, namespace }: { name: string; namespace: string }): string {
  return (
    `The volumes and the Secret ${names(name).credentials} that opens them stay: an environment of this name takes them over. ` +
    `To remove them for good: kubectl -n ${namespace} delete pvc,secret,service -l ${LABELS.environment}=${name}`
  );
}
