import type { KubeObject } from '../../operator/kube/resources.ts';

/** Sorted, so that a tree that is drawn again looks the same. */
export function byName(objects: readonly KubeObject[]): KubeObject[] {
  return [...objects].sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
}
