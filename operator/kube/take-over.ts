import { type CallOptions, create } from './apply.ts';
import { type KubeObject, type Manifest, pathOf, type Resource } from './resources.ts';
import type { KubeClient } from './transport.ts';

/** Who wrote which fields, as the API server keeps it with an object. */
interface Entry {
  manager: string;
  operation: string;
  subresource?: string;
  fieldsV1?: Fields;
  [field: string]: unknown;
}

interface Fields {
  [path: string]: Fields;
}

/** Ends the name of a manager whose fields wait for their first apply. */
const MAKER = '-create';

/**
 * Creates an object that is to be applied later on, at half of what an apply costs the server; 409 when it is there. Its
 * fields are those of the manager `<fieldManager>-create`: `takeOver` has to come before the first apply, which would leave
 * them otherwise what it does not name any more.
 */
export function createToApply(
  client: KubeClient,
  resource: Resource,
  manifest: Manifest,
  { fieldManager, ...call }: CallOptions & { fieldManager: string },
): Promise<KubeObject> {
  return create(client, resource, manifest, { ...call, fieldManager: makerFor(fieldManager) });
}

/** What a cache keeps of managedFields: nothing of most objects, and the name of who made it where no apply came after that. */
export function makersOf({ metadata }: KubeObject): { manager: string; operation: string }[] | undefined {
  const makers = entriesOf(metadata).filter(
    ({ manager, operation }) => operation === 'Update' && manager.endsWith(MAKER),
  );
  return makers.length === 0 ? undefined : makers.map(({ manager, operation }) => ({ manager, operation }));
}

/** Whether `createToApply` made this object and its fields were not taken over since. A cached object answers as well. */
export function isAsMade({ metadata }: KubeObject, fieldManager: string): boolean {
  return entriesOf(metadata).some((entry) => isMakers(entry, fieldManager));
}

/**
 * Makes the fields that `createToApply` wrote those of the apply manager `fieldManager`, and changes nothing else; 409 when the
 * object has changed meanwhile. Returns the object as it is now, whose former version must have been read whole from the server.
 */
export async function takeOver(
  client: KubeClient,
  resource: Resource,
  whole: KubeObject,
  { fieldManager, ...call }: CallOptions & { fieldManager: string },
): Promise<KubeObject> {
  if (!isAsMade(whole, fieldManager)) return whole;
  const { namespace, name, resourceVersion } = whole.metadata;
  return client.request<KubeObject>({
    method: 'PATCH',
    path: pathOf(resource, namespace, name),
    query: { fieldManager },
    contentType: 'application/json-patch+json',
    body: [
      {
        op: 'replace',
        path: '/metadata/managedFields',
        value: taken(entriesOf(whole.metadata), fieldManager),
      },
      // Another version than the object has is a conflict.
      { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
    ],
    ...call,
  });
}

/** The entries with those of the maker and of the applier as one, which is the applier's. Pure. */
function taken(entries: readonly Entry[], fieldManager: string): Entry[] {
  const isTaken = (entry: Entry) => isMakers(entry, fieldManager) || isAppliers(entry, fieldManager);
  const [first, ...more] = entries.filter(isTaken);
  if (!first) return [...entries];
  const fieldsV1 = more.reduce((fields, entry) => union(fields, entry.fieldsV1 ?? {}), first.fieldsV1 ?? {});
  return [
    ...entries.filter((entry) => !isTaken(entry)),
    { ...first, manager: fieldManager, operation: 'Apply', fieldsV1 },
  ];
}

function union(one: Fields, other: Fields): Fields {
  const all: Fields = { ...one };
  for (const [path, fields] of Object.entries(other)) all[path] = union(all[path] ?? {}, fields);
  return all;
}

function isMakers({ manager, operation, subresource }: Entry, fieldManager: string): boolean {
  return manager === makerFor(fieldManager) && operation === 'Update' && !subresource;
}

function isAppliers({ manager, operation, subresource }: Entry, fieldManager: string): boolean {
  return manager === fieldManager && operation === 'Apply' && !subresource;
}

function makerFor(fieldManager: string): string {
  return `${fieldManager}${MAKER}`;
}

function entriesOf(metadata: KubeObject['metadata']): Entry[] {
  return (metadata as { managedFields?: Entry[] }).managedFields ?? [];
}
