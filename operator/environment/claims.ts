import type { Manifest } from '../api/resolved.ts';
import type { Live } from './snapshot.ts';

interface Claims {
  volumeClaimTemplates?: { spec: { resources: { requests: { storage: string } } } }[];
}

/**
 * The claims of a StatefulSet cannot be changed once it is there: the API server would refuse every further write of
 * it. `manifest` with the sizes that `live` has, so that all else of it can still be written.
 */
export function withLiveClaims(manifest: Manifest, live: Live | undefined): Manifest {
  const templates = (manifest.spec as Claims | undefined)?.volumeClaimTemplates;
  const sizes = sizesOf(live);
  const isSo = templates?.every(
    ({ spec }, i) => spec.resources.requests.storage === (sizes[i] ?? spec.resources.requests.storage),
  );
  if (!templates || isSo) return manifest;
  const kept = templates.map((template, i) => {
    const requests = {
      ...template.spec.resources.requests,
      storage: sizes[i] ?? template.spec.resources.requests.storage,
    };
    return { ...template, spec: { ...template.spec, resources: { ...template.spec.resources, requests } } };
  });
  return { ...manifest, spec: { ...(manifest.spec as object), volumeClaimTemplates: kept } };
}

function sizesOf(live: Live | undefined): string[] {
  const templates = (live?.spec as Claims | undefined)?.volumeClaimTemplates ?? [];
  return templates.map((template) => template.spec.resources.requests.storage);
}
