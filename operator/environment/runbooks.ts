import type { renderComponents } from '../../charts/render.ts';
import type { ResolvedEnvironment } from '../api/resolved.ts';

type Render = typeof renderComponents;

/** The same charts, but alerts of environments that name no folder of runbooks lead to `folder`. */
export function withRunbooks(render: Render, folder: string): Render {
  return (environment, serving) => render(leadingTo(environment, folder), serving);
}

function leadingTo(environment: ResolvedEnvironment, folder: string): ResolvedEnvironment {
  const { spec } = environment;
  const { observability } = spec;
  const rules = { ...observability.rules, runbooks: observability.rules.runbooks ?? folder };
  return { ...environment, spec: { ...spec, observability: { ...observability, rules } } };
}
