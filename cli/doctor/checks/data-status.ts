import type { KubeObject } from '../../../operator/kube/resources.ts';

/** What the checks read of the status of a backup or a restore. */
export interface DataStatus {
  completedAt?: string;
  verifiedAt?: string;
  rtoSeconds?: number;
  rpoSeconds?: number;
  conditions?: { type: string; status: string; reason?: string; message?: string }[];
}

export const statusOf = (object: KubeObject) => (object.status ?? {}) as DataStatus;

/** The newest moment that the objects have, if one has any. */
export function latest(
  objects: readonly KubeObject[],
  moment: (status: DataStatus) => string | undefined,
): string | undefined {
  return objects
    .flatMap((object) => moment(statusOf(object)) ?? [])
    .sort()
    .at(-1);
}
