import { renderComponents, renderMigration, renderRevision, renderRoute } from '../../../charts/render.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import {
  type Environment,
  LABELS,
  labels,
  type Manifest,
  names,
  ownerReference,
  releaseInputs,
  resolveEnvironment,
} from '../../../operator/api/resolved.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { authorityFor } from '../../../operator/environment/authority.ts';
import { credentialsFor } from '../../../operator/environment/credentials.ts';
import { revisionOf } from '../../../operator/rollout/revision.ts';

/** The objects of an environment for the peer, which puts its own values where the placeholders are. */
export interface Templates {
  Secrets: Manifest[];
  Components: Manifest[];
  Migration: Manifest[];
  Release: Manifest[];
  Route: Manifest[];
}

/** The same objects that our operator writes for an environment with this spec, taken from the charts. */
export function templatesFor(spec: EnvironmentSpec): Templates {
  const environment: Environment = {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: {
      name: 'placeholder-name',
      namespace: 'placeholder-namespace',
      uid: 'placeholder-uid',
      resourceVersion: '1',
      generation: 1,
    },
    spec,
  };
  const resolved = resolveEnvironment(environment);
  const inputs = releaseInputs(resolved);
  const revision = revisionOf(inputs);
  const manifests = renderRevision(resolved, { revision, inputs });
  const { deployment, service, configMap } = manifests;
  const replicas = resolved.spec.autoscaling.minReplicas;
  const record: Manifest = {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: names(resolved.name).revision(revision),
      namespace: resolved.namespace,
      labels: { ...labels(resolved.name, 'api'), [LABELS.revision]: revision },
    },
    revision: 1,
    data: { inputs, manifests },
  };
  const owned = (manifest: Manifest): Manifest => ({
    ...manifest,
    metadata: { ...manifest.metadata, ownerReferences: [ownerReference(environment)] },
  });
  return {
    Secrets: [
      credentialsFor(environment, () => 'placeholder-password'),
      authorityFor(environment, Date.now()),
    ],
    Components: [...Object.values(renderComponents(resolved)).flat(), record].filter(isServed).map(owned),
    Migration: [configMap, renderMigration(resolved, { revision, inputs })].map(owned),
    Release: [service, { ...deployment, spec: { ...(deployment.spec as object), replicas } }].map(owned),
    Route: [renderRoute(resolved, [{ revision, weight: 100 }])].map(owned),
  };
}

/** Ours leaves out what the cluster has no resource type for; the peer would end. The simulated cluster lacks these. */
function isServed({ kind }: Manifest): boolean {
  return !['ServiceMonitor', 'PrometheusRule', 'Certificate'].includes(kind);
}
