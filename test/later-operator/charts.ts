import { renderComponents } from '../../charts/render.ts';
import type { Manifest } from '../../operator/api/resolved.ts';

/** The charts of a later version: every pod and every other object gets the annotation `later`. */
export function laterCharts(
  ...inputs: Parameters<typeof renderComponents>
): ReturnType<typeof renderComponents> {
  const rendered = renderComponents(...inputs);
  for (const manifest of Object.values(rendered).flat() as Manifest[]) {
    const { template } = (manifest.spec ?? {}) as { template?: { metadata: Manifest['metadata'] } };
    if (template) template.metadata.annotations = { ...template.metadata.annotations, later: 'yes' };
    else manifest.metadata.annotations = { ...manifest.metadata.annotations, later: 'yes' };
  }
  return rendered;
}
