import {
  renderComponents,
  renderDatabaseCheck,
  renderMigration,
  renderOperator,
  renderRestore,
  renderRevision,
  renderRoute,
} from '../../../charts/render.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import {
  type Manifest,
  type ReleaseInputs,
  type ResolvedEnvironment,
  releaseInputs,
  resolveEnvironment,
} from '../../../operator/api/resolved.ts';

export const TIERS = ['local', 'development', 'staging', 'production'] as const;

export function resolved(spec: Partial<EnvironmentSpec> = {}, name = 'shop'): ResolvedEnvironment {
  const whole: EnvironmentSpec = { tier: 'local', release: { image: 'cryptosense-api:1.0.0' }, ...spec };
  return resolveEnvironment({ metadata: { name, namespace: 'market' }, spec: whole });
}

export function revisionOf(environment: ResolvedEnvironment, revision = '0a1b2c3d4e') {
  const inputs: ReleaseInputs = releaseInputs(environment);
  return { revision, inputs };
}

/** Everything that the operator makes of an environment. */
export function everything(environment: ResolvedEnvironment): Manifest[] {
  const revision = revisionOf(environment);
  return [
    ...Object.values(renderComponents(environment)).flat(),
    ...Object.values(renderRevision(environment, revision)),
    renderMigration(environment, revision),
    renderDatabaseCheck(environment, { hash: '0a1b2c3', settings: '' }),
    ...(environment.spec.backup.enabled
      ? [renderRestore(environment, { hash: '0a1b2c3d4e', kind: 'drill', target: {}, broken: [] })]
      : []),
    renderRoute(environment, [{ revision: revision.revision, weight: 100 }]),
  ];
}

export function operatorManifests(): Manifest[] {
  return renderOperator({ image: 'cryptosense-operator:1.0.0' });
}

export interface PodSpec {
  [field: string]: unknown;
  automountServiceAccountToken?: boolean;
  securityContext: { [field: string]: unknown; seccompProfile: { type: string } };
  volumes: Record<string, unknown>[];
  containers: {
    name: string;
    env?: { name: string; value?: string }[];
    resources: { requests: { cpu: string; memory: string }; limits: { cpu?: string; memory: string } };
    securityContext: { [field: string]: unknown; capabilities: { drop: string[] } };
  }[];
}

interface Workload {
  replicas?: number;
  selector?: { matchLabels: Record<string, string> };
  template: {
    metadata: { labels: Record<string, string>; annotations?: Record<string, string> };
    spec: PodSpec;
  };
}

const WORKLOADS = ['Deployment', 'StatefulSet', 'Job', 'CronJob'];

export function workloads(manifests: Manifest[]): { manifest: Manifest; name: string; spec: Workload }[] {
  return manifests
    .filter(({ kind }) => WORKLOADS.includes(kind))
    .map((manifest) => {
      const { jobTemplate } = manifest.spec as { jobTemplate?: { spec: Workload } };
      const spec = jobTemplate?.spec ?? (manifest.spec as Workload);
      return { manifest, name: manifest.metadata.name, spec };
    });
}

export function find(manifests: Manifest[], kind: string, name: string): Manifest {
  const found = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  if (!found) throw new Error(`there is no ${kind} ${name}`);
  return found;
}
