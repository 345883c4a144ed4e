import { type Environment, LABELS, MANAGER, type Manifest, names } from '../api/resolved.ts';
import type { Action } from './actions.ts';
import { isStamped } from './drift.ts';
import { hasRightOwner } from './ownership.ts';
import type { Live } from './snapshot.ts';

/**
 * Kinds of which a component may give an object up again. Whatever holds data, or a password that data is read with,
 * is never among them: StatefulSet, PersistentVolumeClaim, Secret. Nor is what releases leave behind: the rollout and
 * its history know when a Job or a ControllerRevision may go.
 */
export const PRUNED = [
  'Deployment',
  'Service',
  'ConfigMap',
  'ServiceAccount',
  'CronJob',
  'RoleBinding',
  'Role',
  'PodDisruptionBudget',
  'HorizontalPodAutoscaler',
  'NetworkPolicy',
  'HTTPRoute',
  'Gateway',
  'ServiceMonitor',
  'PrometheusRule',
];

/** What shares the requests: the rollout knows when one of the two may go. */
const ROUTERS = ['HTTPRoute', 'Service'];

/**
 * Deletes what a component was rendered with before and is not any more: policies that were switched off, a component
 * that was disabled. Pure. `rendered` is all that the components of this environment have now; `live` all that the
 * caches have of it.
 *
 * An object is only deleted when everything says that the operator itself made it for this environment: its kind is in
 * PRUNED, it carries the labels of a component, its owner is the one that the operator gives it, and it was written by
 * this operator. The objects of a release (label cryptosense.io/revision) and the route belong to the rollout.
 */
export function strays(
  environment: Pick<Environment, 'metadata'>,
  rendered: Manifest[],
  live: Live[],
): Extract<Action, { type: 'delete' }>[] {
  // That nothing at all is rendered can be no wish of a user.
  if (rendered.length === 0) return [];
  const { name, uid } = environment.metadata;
  const wanted = new Set([...rendered.map(keyOf), ...ROUTERS.map((kind) => `${kind}/${names(name).api}`)]);
  return live
    .filter((object) => PRUNED.includes(object.kind) && !wanted.has(keyOf(object)))
    .filter((object) => isOurs(object, name, uid) && !object.metadata.deletionTimestamp)
    .sort((a, b) => Number(forbids(b)) - Number(forbids(a)) || (keyOf(a) < keyOf(b) ? -1 : 1))
    .map(({ kind, metadata }) => ({
      type: 'delete',
      kind,
      name: metadata.name,
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
      why: 'its component does without it now',
    }));
}

function isOurs(object: Live, name: string, uid: string): boolean {
  const { labels = {} } = object.metadata;
  return (
    labels[LABELS.managedBy] === MANAGER &&
    labels[LABELS.environment] === name &&
    labels[LABELS.component] !== undefined &&
    labels[LABELS.revision] === undefined &&
    hasRightOwner(object, uid) &&
    isStamped(object)
  );
}

/** A policy that only forbids goes before those that allow: in the other order pods would be cut off for a moment. */
function forbids({ kind, spec }: Live): boolean {
  const { ingress, egress } = (spec ?? {}) as { ingress?: unknown; egress?: unknown };
  return kind === 'NetworkPolicy' && !ingress && !egress;
}

function keyOf({ kind, metadata }: { kind: string; metadata: { name: string } }): string {
  return `${kind}/${metadata.name}`;
}
