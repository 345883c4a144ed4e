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
import { WATCHED } from './resources.ts';
import type { Snapshot } from './snapshot.ts';

/** All that the charts make of an environment. */
export interface Objects {
  components: Components;
  desired: RenderedRevision;
}

/** `serving`: the release that has the requests; `missing`: kinds that the cluster lacks. Pure, and dear. */
export function objectsOf(
  environment: ResolvedEnvironment,
  serving: ReleaseInputs | undefined,
  missing: readonly string[],
  render: typeof renderComponents,
): Objects {
  const inputs = releaseInputs(environment);
  const desired = renderRevision(environment, { revision: revisionOf(inputs), inputs });
  const components = { ...render(environment, serving) };
  for (const name of Object.keys(components) as (keyof Components)[])
    components[name] = components[name].filter(({ kind }) => !missing.includes(kind));
  return { components, desired };
}

/**
 * Kinds that the cluster lacks. What cannot be written is not rendered, as the forty rules of a PrometheusRule; it is as soon as
 * the cluster has the kind: the caches tell of that.
 */
export function missingKinds(snapshot: Pick<Snapshot, 'has'>): string[] {
  return WATCHED.map(({ kind }) => kind).filter((kind) => !snapshot.has(kind));
}

/** What of its backups a member of the database is made with; undefined while none are taken. */
function archivingOf({ spec }: ResolvedEnvironment): unknown {
  const { enabled, bucket, encryptionSecret } = spec.backup;
  if (!enabled) return undefined;
  return [bucket?.credentialsSecret, bucket?.caSecret, encryptionSecret];
}

/** The objects, made from `environment`, as a plan takes them. */
export function renderedFrom(
  { components, desired }: Objects,
  serving: ReleaseInputs,
  environment: ResolvedEnvironment,
): Rendered {
  return {
    components: Object.fromEntries(
      Object.entries(components).map(([name, manifests]) => [
        name,
        renderedComponent(manifests, followed(name, serving, environment)),
      ]),
    ),
    desired,
  };
}

/** What else than its own field of the spec a component follows at once, and not in the maintenance window. */
function followed(component: string, serving: ReleaseInputs, environment: ResolvedEnvironment): unknown {
  if (component === 'predictor') return serving;
  // That of a database from before begins when its window has brought its members their new form: PgBouncer comes with them.
  if (component === 'pooler') return environment.spec.database.tls;
  return component === 'database' ? archivingOf(environment) : undefined;
}

/** The same straight from the charts of this version. */
export function renderedOf(
  resolved: ResolvedEnvironment,
  serving: ReleaseInputs,
  missing: readonly string[],
): Rendered {
  return renderedFrom(objectsOf(resolved, serving, missing, renderComponents), serving, resolved);
}
