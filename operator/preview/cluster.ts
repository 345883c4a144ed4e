import type { EnvironmentSpec } from '../api/environment.ts';
import { type Environment, MANAGER, type Manifest } from '../api/resolved.ts';
import { assertOurs, NotOursError } from '../environment/adoption.ts';
import { environmentOf, RESOURCES, resourceOf, WATCHED, watchSelector } from '../environment/resources.ts';
import type { Live } from '../environment/snapshot.ts';
import { answered, type KubeError } from '../kube/errors.ts';
import { listAll } from '../kube/list-watch.ts';
import { type KubeObject, pathOf, type Resource } from '../kube/resources.ts';
import type { KubeClient, Query } from '../kube/transport.ts';
import type { Observed } from './world.ts';

/** Every request that is no GET has this: the API server checks, answers and keeps nothing. */
const DRY_RUN: Query = { dryRun: 'All' };

/** A resource as somebody wrote it. */
export interface Written {
  metadata: {
    name: string;
    namespace: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec: EnvironmentSpec;
}

export async function readEnvironment(
  client: KubeClient,
  namespace: string,
  name: string,
): Promise<Environment | undefined> {
  try {
    const path = pathOf(RESOURCES.environments, namespace, name);
    return await client.request<Environment>({ method: 'GET', path });
  } catch (error) {
    if (answered(error, 404)) return undefined;
    throw error;
  }
}

/**
 * The environment as it would be after the file is applied: checked by the API server, unknown fields included. What
 * others write (replicas, annotations, finalizers) stays. Throws KubeError with the API server's words when it refuses.
 */
export function dryRunEnvironment(
  client: KubeClient,
  written: Written,
  live: Environment | undefined,
): Promise<Environment> {
  const { group, version, kind } = RESOURCES.environments;
  const { metadata, spec } = written;
  const { name, namespace } = metadata;
  const type = { apiVersion: `${group}/${version}`, kind };
  const query = { ...DRY_RUN, fieldValidation: 'Strict', fieldManager: 'cryptosense-plan' };
  if (!live)
    return client.request<Environment>({
      method: 'POST',
      path: pathOf(RESOURCES.environments, namespace),
      query,
      body: { ...type, metadata, spec },
    });
  const { replicas } = live.spec;
  const old = live.metadata as Environment['metadata'] & Written['metadata'];
  return client.request<Environment>({
    method: 'PUT',
    path: pathOf(RESOURCES.environments, namespace, name),
    query,
    body: {
      ...type,
      metadata: {
        ...old,
        labels: { ...old.labels, ...metadata.labels },
        annotations: { ...old.annotations, ...metadata.annotations },
      },
      spec: { ...(replicas === undefined ? {} : { replicas }), ...spec },
      ...(live.status ? { status: live.status } : {}),
    },
  });
}

/** What there is of the environment, and what the cluster can do. Secrets are not read. */
export async function observeCluster(client: KubeClient, namespace: string, name: string): Promise<Observed> {
  const lists = await Promise.all(WATCHED.map((resource) => list(client, resource, namespace)));
  const { groups } = await client.request<{ groups: { name: string }[] }>({ method: 'GET', path: '/apis' });
  const kinds = WATCHED.filter((_, i) => lists[i] !== undefined).map(({ kind }) => kind);
  const objects = lists.flatMap((items) => items ?? []).filter((object) => environmentOf(object) === name);
  return {
    objects: objects as unknown as Live[],
    kinds: new Set<string>(kinds),
    groups: new Set(groups.map((group) => group.name)),
  };
}

async function list(
  client: KubeClient,
  resource: Resource,
  namespace: string,
): Promise<KubeObject[] | undefined> {
  const labelSelector = watchSelector(resource);
  try {
    const selection = { resource, namespace, ...(labelSelector ? { labelSelector } : {}) };
    return (await listAll(client, selection)).items;
  } catch (error) {
    // The cluster does not have the type.
    if (answered(error, 404)) return undefined;
    throw error;
  }
}

/** What the API server says of a write of the operator's. */
export type Answer =
  | { type: 'taken'; object: KubeObject }
  | { type: 'refused'; message: string }
  /** Whoever asks may not write this, not even for show; the operator may. */
  | { type: 'unchecked' };

/** The operator's write of a manifest, as a dry run. */
export async function dryRunApply(
  client: KubeClient,
  manifest: Manifest,
  isNew: boolean,
  environment: Environment,
): Promise<Answer> {
  const resource = resourceOf(manifest.kind);
  const path = pathOf(resource, manifest.metadata.namespace, manifest.metadata.name);
  try {
    if (isNew) {
      const there = await client.request<KubeObject>({ method: 'GET', path }).catch((error: unknown) => {
        if (answered(error, 404)) return undefined;
        throw error;
      });
      if (there) assertOurs(there, resource, environment);
    }
    const object = await client.request<KubeObject>({
      method: 'PATCH',
      path,
      query: { ...DRY_RUN, fieldManager: MANAGER, force: true },
      contentType: 'application/apply-patch+yaml',
      body: manifest,
    });
    return { type: 'taken', object };
  } catch (error) {
    if (error instanceof NotOursError) return { type: 'refused', message: error.message };
    if (!answered(error, 400, 403, 404, 422)) throw error;
    if (error.code === 403 && /cannot \w+ resource/.test(error.message)) return { type: 'unchecked' };
    return {
      type: 'refused',
      message: `${manifest.kind}/${manifest.metadata.name}: ${sentencesOf(error).join('; ')}`,
    };
  }
}

/** The API server's words without what was asked. */
export function sentencesOf(error: KubeError): string[] {
  const causes = (error.details.causes ?? []).flatMap(({ field, message }) =>
    message === undefined ? [] : [field === undefined ? message : `${field}: ${message}`],
  );
  return causes.length > 0 ? causes : [error.message.replace(/^[A-Z]\S* \S+: (\d+ )?\w+: /, '')];
}
