import { create, mergePatch, remove } from '../../../operator/kube/apply.ts';
import { KubeError } from '../../../operator/kube/errors.ts';
import { listAll } from '../../../operator/kube/list-watch.ts';
import type { KubeObject, Resource } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';

export const CONFIG_MAPS: Resource = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  namespaced: true,
  kind: 'ConfigMap',
};

export const CRDS: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

/** What the API server said when it refused `request` with this code; fails when it took it. */
export async function refusedWith(code: number, request: Promise<unknown>): Promise<string> {
  try {
    await request;
  } catch (error) {
    if (error instanceof KubeError && error.code === code) return error.message;
    throw error;
  }
  throw new Error(`it was to be refused with ${code}, but was taken`);
}

export function configMap(name: string, data: Record<string, string> = {}) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data };
}

/** Creates, changes and deletes config maps by chance, at most `spread` of them, `count` times. */
export async function stir(client: KubeClient, count: number, spread = 20): Promise<void> {
  for (let i = 0; i < count; i++) {
    const name = `thing-${Math.floor(Math.random() * spread)}`;
    const choice = Math.random();
    try {
      if (choice < 0.4) await create(client, CONFIG_MAPS, configMap(name));
      else if (choice < 0.8)
        await mergePatch(client, CONFIG_MAPS, 'default', name, { data: { at: String(i) } });
      else await remove(client, CONFIG_MAPS, 'default', name);
    } catch (error) {
      if (!(error instanceof Error) || !/ (404|409) /.test(error.message)) throw error;
    }
  }
}

/** Names with versions, to compare a store with the server. */
export function versions(objects: KubeObject[]): Record<string, string> {
  return Object.fromEntries(
    objects
      .map(({ metadata }) => [`${metadata.namespace}/${metadata.name}`, metadata.resourceVersion])
      .sort(),
  );
}

export async function onServer(client: KubeClient): Promise<Record<string, string>> {
  return versions((await listAll(client, { resource: CONFIG_MAPS })).items);
}
