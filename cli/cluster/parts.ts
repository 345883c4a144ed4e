import { type Environment, LABELS } from '../../operator/api/resolved.ts';
import { GROUP, RESTORE_KIND, RESTORE_PLURAL, VERSION } from '../../operator/api/well-known.ts';
import { RESOURCES } from '../../operator/environment/resources.ts';
import { answered } from '../../operator/kube/errors.ts';
import { listAll } from '../../operator/kube/list-watch.ts';
import type { KubeObject, Resource } from '../../operator/kube/resources.ts';
import type { Session } from '../session.ts';

export const RESTORES: Resource = {
  group: GROUP,
  version: VERSION,
  plural: RESTORE_PLURAL,
  kind: RESTORE_KIND,
  namespaced: true,
};

/** Objects of one kind, or why they are not known. */
export interface Read {
  items: KubeObject[];
  /** absent: the cluster does not have this kind; forbidden: whoever asks may not list it. */
  missing?: 'absent' | 'forbidden';
}

/** Reads every object of a kind; that the kind is absent or forbidden is an answer. Throws KubeError for other failures. */
export async function readAll(
  { client, signal }: Pick<Session, 'client' | 'signal'>,
  selection: { resource: Resource; namespace?: string; labelSelector?: string; fieldSelector?: string },
): Promise<Read> {
  try {
    const { items } = await listAll<KubeObject>(client, selection, signal);
    return { items };
  } catch (error) {
    if (answered(error, 404)) return { items: [], missing: 'absent' };
    if (answered(error, 403)) return { items: [], missing: 'forbidden' };
    throw error;
  }
}

const KINDS = {
  pods: RESOURCES.pods,
  claims: RESOURCES.claims,
  jobs: RESOURCES.jobs,
  routes: RESOURCES.routes,
  gateways: RESOURCES.gateways,
  autoscalers: RESOURCES.autoscalers,
} as const;

/** The live objects that an environment is made of. */
export type Parts = Record<keyof typeof KINDS | 'backups' | 'restores', Read>;

export async function readParts(
  session: Session,
  { metadata: { namespace, name } }: Pick<Environment, 'metadata'>,
): Promise<Parts> {
  const labelSelector = `${LABELS.environment}=${name}`;
  const labelled = Object.entries(KINDS).map(async ([key, resource]) => {
    return [key, await readAll(session, { resource, namespace, labelSelector })] as const;
  });
  // Users make these, with the labels that they like.
  const named = Object.entries({ backups: RESOURCES.backups, restores: RESTORES }).map(
    async ([key, resource]) => {
      const { items, ...rest } = await readAll(session, { resource, namespace });
      const own = items.filter((item) => specOf(item).environment === name);
      return [key, { ...rest, items: own }] as const;
    },
  );
  return Object.fromEntries(await Promise.all([...labelled, ...named])) as Parts;
}

function specOf(object: KubeObject): { environment?: string } {
  return (object.spec ?? {}) as { environment?: string };
}
