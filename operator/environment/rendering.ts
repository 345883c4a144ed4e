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

/** The objects as a plan takes them. */
export function renderedFrom({ components, desired }: Objects, serving: ReleaseInputs): Rendered {
  return {
    components: Object.fromEntries(
      Object.entries(components).map(([name, manifests]) => [
        name,
        renderedComponent(manifests, name === 'predictor' ? serving : undefined),
      ]),
    ),
    desired,
  };
}

/** The same straight from the charts of this version. */
export function renderedOf(resolved: ResolvedEnvironment, serving: ReleaseInputs): Rendered {
  return renderedFrom(objectsOf(resolved, serving, renderComponents), serving);
}
