import {
  type Components,
  type RenderedRevision,
  renderComponents,
  renderRevision,
} from '../../charts/render.ts';
import { type ReleaseInputs, type ResolvedEnvironment, releaseInputs } from '../api/resolved.ts';
import { revisionOf } from '../rollout/revision.ts';
import { renderedComponent } from './forms.ts';
import type { Rendered } from './plan.ts';

/** All that the charts make of an environment. */
export interface Objects {
  components: Components;
  desired: RenderedRevision;
}

/** `serving`: the release that has the requests. Pure, and dear. */
export function objectsOf(
  environment: ResolvedEnvironment,
  serving: ReleaseInputs | undefined,
  render: typeof renderComponents,
): Objects {
  const inputs = releaseInputs(environment);
  const desired = renderRevision(environment, { revision: revisionOf(inputs), inputs });
  return { components: render(environment, serving), desired };
}

/** What of its backups a member of the database is made with; undefined while none are taken. */
export function archivingOf({ spec }: ResolvedEnvironment): unknown {
  const { enabled, bucket, encryptionSecret } = spec.backup;
  if (!enabled) return undefined;
  return [bucket?.credentialsSecret, bucket?.caSecret, encryptionSecret];
}

/** The objects as a plan takes them; `archiving`: as `archivingOf` gives it. */
export function renderedFrom(
  { components, desired }: Objects,
  serving: ReleaseInputs,
  archiving?: unknown,
): Rendered {
  return {
    components: Object.fromEntries(
      Object.entries(components).map(([name, manifests]) => [
        name,
        renderedComponent(manifests, followed(name, serving, archiving)),
      ]),
    ),
    desired,
  };
}

/** What else than its own field of the spec a component follows at once, and not in the maintenance window. */
function followed(component: string, serving: ReleaseInputs, archiving: unknown): unknown {
  if (component === 'predictor') return serving;
  return component === 'database' ? archiving : undefined;
}

/** The same straight from the charts of this version. */
export function renderedOf(resolved: ResolvedEnvironment, serving: ReleaseInputs): Rendered {
  return renderedFrom(objectsOf(resolved, serving, renderComponents), serving, archivingOf(resolved));
}
