import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { renderRevision } from '../../../charts/render.ts';
import { RULES } from '../../../charts/rights.ts';
import { checkout } from '../../../local/checkout.ts';
import { buildGo, moduleFolder } from '../../../local/go.ts';
import type { Report } from '../../../local/report.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import {
  type Environment,
  names,
  releaseInputs,
  resolveEnvironment,
} from '../../../operator/api/resolved.ts';
import type { EnvironmentStatus } from '../../../operator/api/status.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { mergePatch } from '../../../operator/kube/apply.ts';
import type { KubeObject, Manifest, Resource } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { type OperatorProcess, startMetered } from '../../simulated/metered.ts';
import { bundleOperator, startOperator } from '../../simulated/operator.ts';
import type { Request } from './requests.ts';

/** Where something that is released stands. */
export type Place = 'ready' | 'paused' | 'promoted' | 'aborted' | 'between';

/** One of the two, and how it is told what to do: each by its own means, as its users do. */
export interface Contender {
  name: 'ours' | 'peer';
  resource: Resource;
  /** Rules of the ClusterRole that it gets. */
  rules: object[];
  start(kubeconfig: string): Promise<OperatorProcess>;
  /** What is released, with the image OLD. */
  manifest(name: string, namespace: string): Manifest;
  /** Where it stands when `image` is asked for. */
  placeOf(live: KubeObject, image: string): Place;
  release(client: KubeClient, live: KubeObject, image: string): Promise<unknown>;
  command(client: KubeClient, live: KubeObject, verb: 'promote-full' | 'abort'): Promise<unknown>;
  /** Whether this request gives the canary of `live` the pods of its promotion. */
  scalesUp(request: Request, live: KubeObject): boolean;
  /** Whether this request takes the requests away from the canary of `live`. */
  takesAway(request: Request, live: KubeObject): boolean;
}

export const PEER_NAME = 'Argo Rollouts v1.10.1';
export const OLD = 'cryptosense-api:1.0.0';
export const NEW = 'cryptosense-api:1.1.0';
const PODS = 2;

const MODULE = 'github.com/argoproj/argo-rollouts';
const DIRECTORY = join(checkout, 'test', 'bench', 'argo');

const SPEC: EnvironmentSpec = {
  tier: 'local',
  replicas: PODS,
  release: { image: OLD },
  rollout: {
    canary: {
      steps: [{ weight: 50 }, { pause: 'untilPromoted' }, { weight: 100 }],
      // No request reaches a pod here, and the peer judges nothing either.
      analysis: { preset: 'none' },
    },
  },
};

export async function ours(): Promise<Contender> {
  const program = await bundleOperator();
  const statusOf = (live: KubeObject) => (live.status ?? {}) as EnvironmentStatus;
  const candidateOf = (live: KubeObject) => {
    const { candidate } = statusOf(live);
    if (!candidate) throw new Error(`${live.metadata.name} has no candidate: ${statusOf(live).summary}`);
    return candidate;
  };
  const patch = (client: KubeClient, { metadata }: KubeObject, body: object) =>
    mergePatch(client, RESOURCES.environments, metadata.namespace, metadata.name, body);
  return {
    name: 'ours',
    resource: RESOURCES.environments,
    rules: RULES,
    start: (kubeconfig) => startOperator({ kubeconfig, program }),
    manifest: (name, namespace) => ({
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name, namespace },
      spec: SPEC,
    }),
    placeOf: (live, image) => {
      const { stable, candidate, rejected, conditions = [] } = statusOf(live);
      const isReady = conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
      if (image === OLD) return stable?.image === OLD && isReady ? 'ready' : 'between';
      if (stable?.image === image && !candidate) return 'promoted';
      if (rejected?.image === image && !candidate) return 'aborted';
      const waits = candidate?.image === image && candidate.weight === 50 && candidate.readyReplicas > 0;
      return waits && /waits until somebody promotes/.test(statusOf(live).summary ?? '')
        ? 'paused'
        : 'between';
    },
    release: (client, live, image) => patch(client, live, { spec: { release: { image } } }),
    command: (client, live, verb) => {
      const { number, revision } = candidateOf(live);
      const annotations = { [`cryptosense.io/${verb}`]: `${number}-${revision}` };
      return patch(client, live, { metadata: { annotations } });
    },
    scalesUp: ({ verb, resource, name }, live) =>
      verb === 'patch' &&
      resource === 'deployments' &&
      name === names(live.metadata.name).revision(candidateOf(live).revision),
    takesAway: ({ verb, resource, name }, live) =>
      verb === 'patch' && resource === 'httproutes' && name === names(live.metadata.name).api,
  };
}

const ROLLOUTS: Resource = {
  group: 'argoproj.io',
  version: 'v1alpha1',
  plural: 'rollouts',
  kind: 'Rollout',
  namespaced: true,
};

interface RolloutStatus {
  phase?: string;
  observedGeneration?: string;
  currentPodHash?: string;
  stableRS?: string;
  abort?: boolean;
  pauseConditions?: { reason: string }[];
  canary?: object;
  updatedReplicas?: number;
}

/** Argo Rollouts without a traffic router: the share of the requests is the share of the pods. */
export async function peer(report: Report): Promise<Contender> {
  const built = await buildGo({ name: 'bench-argo', directory: DIRECTORY, report });
  const role = parse(
    readFileSync(
      join(await argoFolder(report), 'manifests', 'role', 'argo-rollouts-clusterrole.yaml'),
      'utf8',
    ),
  ) as { rules: object[] };
  const statusOf = (live: KubeObject) => (live.status ?? {}) as RolloutStatus;
  const canaryOf = (live: KubeObject) => `${live.metadata.name}-${statusOf(live).currentPodHash}`;
  const changesCanary = ({ verb, resource, name }: Request, live: KubeObject) =>
    ['update', 'patch'].includes(verb) && resource === 'replicasets' && name === canaryOf(live);
  return {
    name: 'peer',
    resource: ROLLOUTS,
    rules: role.rules,
    start: (kubeconfig) =>
      startMetered({
        name: 'argo-rollouts',
        binary: join(built, 'rollouts-controller'),
        args: (health, metrics) => [
          `--healthzPort=${health}`,
          `--metricsPort=${metrics}`,
          '--qps=5000',
          '--burst=10000',
          '--loglevel=warn',
        ],
        env: () => ({ KUBECONFIG: kubeconfig }),
      }),
    manifest: (name, namespace) => rolloutOf(name, namespace),
    placeOf: (live, image) => {
      const status = statusOf(live);
      if (status.observedGeneration !== String(live.metadata.generation)) return 'between';
      if (imageOf(live) !== image) return 'between';
      const isStable = status.currentPodHash !== undefined && status.currentPodHash === status.stableRS;
      if (isStable && status.phase === 'Healthy') return image === OLD ? 'ready' : 'promoted';
      if (status.abort) return status.phase === 'Degraded' && !status.updatedReplicas ? 'aborted' : 'between';
      const isPaused = status.pauseConditions?.some(({ reason }) => reason === 'CanaryPauseStep');
      return isPaused && status.updatedReplicas === PODS / 2 ? 'paused' : 'between';
    },
    release: (client, live, image) => {
      const body = [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: image }];
      const { namespace, name } = live.metadata;
      const path = `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts/${name}`;
      return client.request({ method: 'PATCH', path, contentType: 'application/json-patch+json', body });
    },
    // As its kubectl plugin does it.
    command: (client, { metadata }, verb) => {
      const status = verb === 'abort' ? { abort: true } : { promoteFull: true };
      const options = { subresource: 'status' };
      return mergePatch(client, ROLLOUTS, metadata.namespace, metadata.name, { status }, options);
    },
    scalesUp: changesCanary,
    takesAway: changesCanary,
  };
}

/** Where Argo Rollouts' manifests are. */
export function argoFolder(report: Report): Promise<string> {
  return moduleFolder('bench-argo', MODULE, report, DIRECTORY);
}

/** The same pods as ours has, two of them, and the same steps. */
function rolloutOf(name: string, namespace: string): Manifest {
  const metadata = { name: 'a', namespace: 'a' };
  const environment = resolveEnvironment({ metadata, spec: SPEC } as unknown as Environment);
  const inputs = releaseInputs(environment);
  const { deployment } = renderRevision(environment, { revision: '0a1b2c3d4e', inputs });
  const { template } = deployment.spec as { template: { spec: object } };
  const labels = { rollout: name };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name, namespace },
    spec: {
      replicas: PODS,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: template.spec },
      strategy: { canary: { steps: [{ setWeight: 50 }, { pause: {} }] } },
    },
  };
}

function imageOf(live: KubeObject): string | undefined {
  type Spec = { template: { spec: { containers: { image: string }[] } } };
  return (live.spec as Spec).template.spec.containers[0]?.image;
}
