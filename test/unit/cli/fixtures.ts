import type { Parts } from '../../../cli/cluster/parts.ts';
import type { Environment } from '../../../operator/api/resolved.ts';
import type { EnvironmentStatus } from '../../../operator/api/status.ts';
import type { KubeObject } from '../../../operator/kube/resources.ts';

export const NOW = Date.parse('2026-11-20T12:00:00Z');
export const ago = (minutes: number) => new Date(NOW - minutes * 60_000).toISOString();

export const STABLE = { revision: 'aaaaaaaaaa', number: 1, image: 'api:1', since: ago(60) };
export const REJECTED = {
  revision: 'cccccccccc',
  number: 3,
  image: 'api:3',
  reason: 'AnalysisFailed',
  message: '29 of 101 requests answered 5xx',
  at: ago(5),
};

type Candidate = NonNullable<EnvironmentStatus['candidate']>;

export function candidate(more: Partial<Candidate> = {}): Candidate {
  return {
    revision: 'bbbbbbbbbb',
    number: 2,
    image: 'api:2',
    strategy: 'canary',
    step: 1,
    steps: 3,
    startedAt: ago(4),
    stepStartedAt: ago(3),
    weight: 10,
    replicas: 1,
    readyReplicas: 1,
    ...more,
  };
}

/** An environment at rest, whose status has what is given besides. */
export function environment(
  status: EnvironmentStatus = {},
  spec: Partial<Environment['spec']> = {},
): Environment {
  return {
    apiVersion: 'cryptosense.io/v1alpha1',
    kind: 'CryptoSenseEnvironment',
    metadata: { name: 'shop', namespace: 'market', uid: 'u', resourceVersion: '1', generation: 4 },
    spec: { tier: 'local', release: { image: 'api:1' }, ...spec },
    status: {
      observedGeneration: 4,
      summary: 'api:1 serves',
      stable: STABLE,
      conditions: [condition('Ready', 'True'), condition('Reconciling', 'False')],
      ...status,
    },
  };
}

export function condition(type: string, status: 'True' | 'False', message = '', reason = 'Because') {
  return { type, status, reason, message, lastTransitionTime: ago(2) };
}

export function object(kind: string, name: string, more: Partial<KubeObject> & object = {}): KubeObject {
  const { metadata, ...rest } = more as { metadata?: object };
  return {
    apiVersion: 'v1',
    kind,
    metadata: { name, namespace: 'market', uid: name, resourceVersion: '1', ...metadata },
    ...rest,
  };
}

export function pod(name: string, labels: Record<string, string>, status: object): KubeObject {
  return object('Pod', name, { metadata: { labels } as never, spec: { nodeName: 'node-1' }, status });
}

export const READY_POD = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };

export function parts(some: Partial<Record<keyof Parts, KubeObject[]>> = {}): Parts {
  const kinds = [
    'pods',
    'claims',
    'jobs',
    'routes',
    'gateways',
    'autoscalers',
    'backups',
    'restores',
  ] as const;
  return Object.fromEntries(kinds.map((kind) => [kind, { items: some[kind] ?? [] }])) as unknown as Parts;
}
