import type { Status } from './errors.ts';
import { KubeError } from './errors.ts';
import { apiVersionOf, type KubeObject, pathOf, type Resource } from './resources.ts';
import type { KubeClient, WatchEvent } from './transport.ts';

/** What a reflector looks at. */
export interface Selection {
  resource: Resource;
  /** All namespaces when left out. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

interface ListPage<T> {
  metadata: { resourceVersion: string; continue?: string };
  items: (Omit<T, 'apiVersion' | 'kind'> & { apiVersion?: string; kind?: string })[];
}

const PAGE = 500;

/**
 * Everything that is selected, in pages of 500, and the version at which the list was taken. Items get the apiVersion
 * and kind that the server leaves out inside lists.
 */
export async function listAll<T extends KubeObject>(
  client: KubeClient,
  selection: Selection,
  signal?: AbortSignal,
): Promise<{ items: T[]; resourceVersion: string }> {
  const { resource, namespace, labelSelector, fieldSelector } = selection;
  const type = { apiVersion: apiVersionOf(resource), kind: resource.kind };
  const items: T[] = [];
  let next: string | undefined;
  for (;;) {
    const page: ListPage<T> = await client.request({
      method: 'GET',
      path: pathOf(resource, namespace),
      query: { labelSelector, fieldSelector, limit: PAGE, continue: next },
      // A page of large objects from a server that is busy with others.
      timeoutMs: 60_000,
      ...(signal === undefined ? {} : { signal }),
    });
    for (const item of page.items ?? []) items.push({ ...type, ...item } as T);
    next = page.metadata.continue || undefined;
    if (next === undefined) return { items, resourceVersion: page.metadata.resourceVersion };
  }
}

/**
 * The changes since a version, with bookmarks; without a version everything that is there first, as ADDED, up to the bookmark
 * that `endsInitialEvents` knows, as consistent as a list. Ends after `timeoutMs` by the server's hand; 410 is thrown as KubeError.
 */
export async function* watchFrom(
  client: KubeClient,
  selection: Selection,
  options: { resourceVersion: string | undefined; timeoutMs: number; quietMs: number; signal: AbortSignal },
): AsyncIterable<WatchEvent> {
  const { resource, namespace, labelSelector, fieldSelector } = selection;
  const path = pathOf(resource, namespace);
  const since =
    options.resourceVersion === undefined
      ? { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' }
      : { resourceVersion: options.resourceVersion };
  const events = client.stream({
    path,
    query: {
      watch: true,
      allowWatchBookmarks: true,
      ...since,
      timeoutSeconds: Math.round(options.timeoutMs / 1_000),
      labelSelector,
      fieldSelector,
    },
    quietMs: options.quietMs,
    signal: options.signal,
  });
  for await (const event of events) {
    if (event.type !== 'ERROR') {
      yield event;
      continue;
    }
    const status = event.object as unknown as Status;
    throw new KubeError(`WATCH ${path}`, {
      code: status.code ?? 500,
      reason: status.reason ?? 'Unknown',
      message: status.message ?? 'the watch ended with an error',
      details: status.details ?? {},
    });
  }
}

/** Whether everything that was there when a watch began without a version has been told. */
export function endsInitialEvents({ type, object }: WatchEvent): boolean {
  const { annotations } = object.metadata as { annotations?: Record<string, string> };
  return type === 'BOOKMARK' && annotations?.['k8s.io/initial-events-end'] === 'true';
}
