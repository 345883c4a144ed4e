import { type Environment, LABELS, MANAGER } from '../api/resolved.ts';
import type { KubeObject, Resource } from '../kube/resources.ts';
import { isAsMade } from '../kube/take-over.ts';

/** The name of the environment to which somebody hands an object over. */
const ADOPT = 'cryptosense.io/adopt';

/** An object of this name is there, and it is somebody else's. The message is one sentence with what to do. */
export class NotOursError extends Error {
  override readonly name = 'NotOursError';
}

/**
 * Whether the operator may write `object` for `environment`, which did not expect it: it carries the environment's labels, or
 * the operator has made or applied it before (somebody took the labels away), or it was handed over by the annotation
 * cryptosense.io/adopt. Throws NotOursError otherwise.
 */
export function assertOurs(object: KubeObject, resource: Resource, environment: Environment): void {
  const { labels = {}, annotations = {}, ownerReferences = [], name } = object.metadata;
  const its = environment.metadata;
  const what = `${resource.kind} ${its.namespace}/${name}`;
  const controller = ownerReferences.find((owner) => owner.controller && owner.uid !== its.uid);
  if (controller)
    throw new NotOursError(
      `${what} belongs to ${controller.kind} ${controller.name}: delete it there, or give this environment another name`,
    );
  const managers = managersOf(object);
  const isLabelled = labels[LABELS.managedBy] === MANAGER;
  const other = labels[LABELS.environment];
  if (isLabelled && other !== undefined && other !== its.name)
    throw new NotOursError(
      `${what} belongs to the environment ${other}: give one of the two environments another name`,
    );
  if (isLabelled && other === its.name) return;
  if (managers.some(({ manager, operation }) => manager === MANAGER && operation === 'Apply')) return;
  if (isAsMade(object, MANAGER)) return;
  if (annotations[ADOPT] === its.name) return;
  const who = [...new Set(managers.map(({ manager }) => manager))].join(', ') || 'somebody else';
  throw new NotOursError(
    `${what} is there already, and is not of this environment (managed by ${who}): delete it, or hand it over with ` +
      `kubectl -n ${its.namespace} annotate ${resource.plural} ${name} ${ADOPT}=${its.name}`,
  );
}

function managersOf({ metadata }: KubeObject): { manager: string; operation: string }[] {
  return (metadata as { managedFields?: { manager: string; operation: string }[] }).managedFields ?? [];
}
