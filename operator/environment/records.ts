import { type Environment, LABELS, labels, type Manifest, names } from '../api/resolved.ts';
import type { Action } from './actions.ts';

/** The ControllerRevision that keeps what a release, or the forms of the components, were made from. */
export function recordManifest(
  action: Extract<Action, { type: 'record' | 'keepForms' }>,
  { metadata: { name, namespace } }: Pick<Environment, 'metadata'>,
): Manifest {
  const ownerReferences = [action.owner];
  const base = { apiVersion: 'apps/v1', kind: 'ControllerRevision' };
  if (action.type === 'keepForms') {
    const { number, forms } = action.record;
    return {
      ...base,
      metadata: {
        name: names(name).forms(number),
        namespace,
        labels: { ...labels(name, 'forms'), [LABELS.keeps]: 'forms' },
        ownerReferences,
      },
      revision: number,
      data: { forms },
    };
  }
  const { revision, number, inputs, manifests } = action.record;
  return {
    ...base,
    metadata: {
      name: names(name).revision(revision),
      namespace,
      labels: { ...labels(name, 'api'), [LABELS.revision]: revision },
      ownerReferences,
    },
    revision: number,
    data: { inputs, manifests },
  };
}
