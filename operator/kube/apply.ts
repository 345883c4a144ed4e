import { answered, KubeError, type Status } from './errors.ts';
import { type KubeObject, type Manifest, pathOf, type Resource } from './resources.ts';
import type { KubeClient } from './transport.ts';

export interface CallOptions {
  timeoutMs?: number;
  signal?: AbortSignal;
  /** As in RequestOptions. */
  flow?: string;
  isReserved?: boolean;
}

export interface ApplyOptions extends CallOptions {
  /** Who owns the fields from now on; a field that a later apply leaves out is removed. */
  fieldManager: string;
  /** Take over fields that others own (their value was a drift); false answers 409 instead. */
  force?: boolean;
  /** Only when the object is still at this version (409 otherwise). */
  resourceVersion?: string;
  /** Only while it is still this object (409 otherwise). */
  uid?: string;
}

/**
 * Server-side apply of what a manifest says and nothing else: created when missing, unchanged (same resourceVersion)
 * when it already is so. Returns the object as the server has it.
 */
export function serverSideApply(
  client: KubeClient,
  resource: Resource,
  manifest: Manifest,
  options: ApplyOptions,
): Promise<KubeObject> {
  return apply(client, resource, manifest, options, undefined);
}

/** The version of a store with nothing in it: no object ever has it. */
const NO_VERSION = '1';

/** Server-side apply that only ever creates: 409 when the object is there, whoever owns which of its fields. */
export function applyNew(
  client: KubeClient,
  resource: Resource,
  manifest: Manifest,
  options: CallOptions & { fieldManager: string },
): Promise<KubeObject> {
  return apply(
    client,
    resource,
    manifest,
    { ...options, force: false, resourceVersion: NO_VERSION },
    undefined,
  );
}

/** The same for the status subresource: only `status` of the manifest counts. The object must exist. */
export function applyStatus(
  client: KubeClient,
  resource: Resource,
  manifest: Manifest,
  options: ApplyOptions,
): Promise<KubeObject> {
  return apply(client, resource, manifest, options, 'status');
}

async function apply(
  client: KubeClient,
  resource: Resource,
  manifest: Manifest,
  { fieldManager, force = true, resourceVersion, uid, ...call }: ApplyOptions,
  subresource: string | undefined,
): Promise<KubeObject> {
  const { managedFields: _, ...metadata } = manifest.metadata as Manifest['metadata'] & {
    managedFields?: unknown;
  };
  const guarded = {
    ...metadata,
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(uid === undefined ? {} : { uid }),
  };
  const request = client.request<KubeObject>({
    method: 'PATCH',
    path: pathOf(resource, metadata.namespace, metadata.name, subresource),
    query: { fieldManager, force },
    contentType: 'application/apply-patch+yaml',
    body: { ...manifest, metadata: guarded },
    ...call,
  });
  try {
    return await request;
  } catch (error) {
    // The server calls another uid an invalid change of an immutable field; for us it is one more conflict.
    if (!answered(error, 422)) throw error;
    const isOther = (error.details.causes ?? []).some(({ field }) => field === 'metadata.uid');
    if (!isOther) throw error;
    const { message, details } = error;
    throw new KubeError('Apply', { code: 409, reason: 'Conflict', message, details }, { cause: error });
  }
}

/** Creates an object; 409 when it exists. */
export function create(
  client: KubeClient,
  resource: Resource,
  manifest: Manifest,
  { fieldManager, ...call }: CallOptions & { fieldManager?: string } = {},
): Promise<KubeObject> {
  return client.request<KubeObject>({
    method: 'POST',
    path: pathOf(resource, manifest.metadata.namespace),
    query: { fieldManager },
    body: manifest,
    ...call,
  });
}

/**
 * JSON merge patch: null removes a field, a list replaces a list. Put `metadata.resourceVersion` into the patch to
 * have it refused (409) when the object has changed since.
 */
export function mergePatch(
  client: KubeClient,
  resource: Resource,
  namespace: string | undefined,
  name: string,
  patch: object,
  { fieldManager, subresource, ...call }: CallOptions & { fieldManager?: string; subresource?: string } = {},
): Promise<KubeObject> {
  return client.request<KubeObject>({
    method: 'PATCH',
    path: pathOf(resource, namespace, name, subresource),
    query: { fieldManager },
    contentType: 'application/merge-patch+json',
    body: patch,
    ...call,
  });
}

/**
 * Writes spec.replicas through the scale subresource, which costs the server a quarter of an apply, and only while the
 * object is `live` still (409 otherwise). Returns the object as the server has it from then on.
 */
export async function scale<T extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  live: T,
  replicas: number,
  call: CallOptions & { fieldManager: string },
): Promise<T> {
  const { namespace, name, uid, resourceVersion, generation } = live.metadata;
  const patch = { metadata: { uid, resourceVersion }, spec: { replicas } };
  const options = { ...call, subresource: 'scale' };
  const answer = await mergePatch(client, resource, namespace, name, patch, options);
  // The answer is a Scale. Nothing else has changed: it was done to this version.
  const metadata = {
    ...live.metadata,
    resourceVersion: answer.metadata.resourceVersion,
    ...(generation === undefined ? {} : { generation: generation + 1 }),
  };
  return { ...live, metadata, spec: { ...(live.spec as object), replicas } };
}

export interface RemoveOptions extends CallOptions {
  /** Only while it is still this object (409 otherwise). */
  uid?: string;
  /** Only when it is still at this version (409 otherwise). */
  resourceVersion?: string;
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  gracePeriodSeconds?: number;
}

/**
 * Deletes an object; one that is not there is fine. Returns the object when it goes on existing for a while
 * (finalizers, a pod's grace period; `metadata.deletionTimestamp` is set), and undefined when it is gone.
 */
export async function remove(
  client: KubeClient,
  resource: Resource,
  namespace: string | undefined,
  name: string,
  options: RemoveOptions = {},
): Promise<KubeObject | undefined> {
  const { uid, resourceVersion, propagationPolicy = 'Background', gracePeriodSeconds, ...call } = options;
  const preconditions = {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  try {
    const answer = await client.request<KubeObject | Status>({
      method: 'DELETE',
      path: pathOf(resource, namespace, name),
      body: {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy,
        preconditions,
        ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
      },
      ...call,
    });
    return isStillThere(answer) ? answer : undefined;
  } catch (error) {
    if (answered(error, 404)) return undefined;
    throw error;
  }
}

/** Some types answer with the removed object as it was, which has no deletionTimestamp. */
function isStillThere(answer: KubeObject | Status): answer is KubeObject {
  return 'metadata' in answer && answer.metadata.deletionTimestamp !== undefined;
}
