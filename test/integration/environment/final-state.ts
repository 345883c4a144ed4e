import { LABELS } from '../../../operator/api/resolved.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { answered } from '../../../operator/kube/errors.ts';
import type { KubeObject, Resource } from '../../../operator/kube/resources.ts';
import { pathOf } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';

/** What is different in every life of an object, or depends on when somebody looked. */
const MOVING = new Set([
  'uid',
  'resourceVersion',
  'generation',
  'observedGeneration',
  'creationTimestamp',
  'managedFields',
  'lastTransitionTime',
  'startedAt',
  'stepStartedAt',
  'at',
  'promotedAt',
  'replacedAt',
  'since',
  'clusterIP',
  'clusterIPs',
  'cryptosense.io/routed-at',
  // With the uid of the owner in it.
  'cryptosense.io/applied',
  // Of manifests with the namespace in them.
  'hash',
  // With the uid of the Job in it.
  'selector',
  'controller-uid',
  'batch.kubernetes.io/controller-uid',
]);

const CLAIMS: Resource = {
  group: '',
  version: 'v1',
  plural: 'persistentvolumeclaims',
  namespaced: true,
  kind: 'PersistentVolumeClaim',
};

/** What the operator writes, and what it leaves behind. Pods and EndpointSlices have names by chance. */
const COMPARED: Resource[] = [...Object.values(RESOURCES), CLAIMS].filter(
  ({ kind }) => kind !== 'Pod' && kind !== 'EndpointSlice',
);

/** Everything that there is, by namespace and then by "Kind/name", in the form in which two lives can be compared. */
export async function finalStates(client: KubeClient): Promise<Map<string, Map<string, string>>> {
  const states = new Map<string, Map<string, string>>();
  const lists = await Promise.all(
    COMPARED.map(async (resource) => {
      const path = pathOf(resource);
      const list = client.request<{ items: KubeObject[] }>({ method: 'GET', path, timeoutMs: 60_000 });
      const { items } = await list.catch((error: unknown) => {
        // An optional kind that this cluster does not have.
        if (answered(error, 404)) return { items: [] };
        throw error;
      });
      return items.map((item) => ({ ...item, kind: resource.kind }));
    }),
  );
  for (const object of lists.flat()) {
    const { namespace = '', name, labels = {}, ownerReferences = [] } = object.metadata;
    const isEnvironment = object.kind === RESOURCES.environments.kind;
    if (!isEnvironment && labels[LABELS.environment] === undefined) continue;
    // The StatefulSets' own history.
    if (ownerReferences.some(({ kind, controller }) => controller && kind !== RESOURCES.environments.kind))
      continue;
    const state = states.get(namespace) ?? new Map<string, string>();
    states.set(namespace, state.set(`${object.kind}/${name}`, canonical(object, isEnvironment)));
  }
  return states;
}

function canonical(object: KubeObject, withStatus: boolean): string {
  const { status, data, ...rest } = object;
  const kept = {
    ...rest,
    ...(withStatus ? { status } : {}),
    // Passwords are different in every life, and are nothing to print.
    ...(object.kind === 'Secret' ? { keys: Object.keys(data as object) } : { data }),
  };
  return JSON.stringify(kept, (field, value: unknown) => {
    if (MOVING.has(field)) return undefined;
    return typeof value === 'string'
      ? value
          .replaceAll(object.metadata.namespace ?? '', 'NAMESPACE')
          .replace(/\d+ of \d+ requests[^";]*/, 'some requests')
      : value;
  });
}

/** What one life has and another does not, or not so; '' when nothing is. */
export function difference(actual: Map<string, string>, expected: Map<string, string>): string {
  const keys = [...new Set([...actual.keys(), ...expected.keys()])];
  return keys
    .filter((key) => actual.get(key) !== expected.get(key))
    .map((key) => {
      const [is = 'absent', should = 'absent'] = [actual.get(key), expected.get(key)];
      const from = Math.max(0, [...is].findIndex((character, i) => character !== should[i]) - 40);
      return `${key} is ${is.slice(from, from + 200)} and not ${should.slice(from, from + 200)}`;
    })
    .join('; ');
}
