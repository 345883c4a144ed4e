import { type Environment, LABELS, resolveEnvironment } from '../../operator/api/resolved.ts';
import type { KubeObject } from '../../operator/kube/resources.ts';
import type { Parts } from '../cluster/parts.ts';
import { plural } from '../terminal/words.ts';
import { byName } from './by-name.ts';
import { withMember } from './members.ts';
import { type Health, type Part, worse } from './node.ts';
import { podPart } from './pods.ts';
import { releaseParts, wasRolledBack } from './releases.ts';
import { backupParts, jobParts } from './work.ts';

/** What an environment is made of, from its status and from the live objects. Pure; `now` in milliseconds. */
export function treeOf(environment: Environment, parts: Parts, now: number): Part {
  const { metadata, spec, status = {} } = environment;
  const says = [
    `tier ${spec.tier}`,
    ...(status.summary ? [status.summary] : ['the operator has not looked at it yet']),
  ];
  return {
    role: 'environment',
    name: `${metadata.namespace}/${metadata.name}`,
    health: environmentHealth(environment),
    says,
    parts: [
      apiPart(environment, parts, now),
      ...componentParts(environment, parts),
      ...routeParts(environment, parts),
      ...autoscalerParts(parts),
      ...jobParts(parts, now),
      ...backupParts(parts, now),
    ],
  };
}

export function environmentHealth({ metadata, status = {} }: Environment): Health {
  const is = (type: string) => status.conditions?.find((condition) => condition.type === type)?.status;
  if (is('Stalled') === 'True') return 'bad';
  const isSeen = status.observedGeneration === metadata.generation;
  if (is('Ready') === 'True') return is('Reconciling') === 'True' || !isSeen ? 'busy' : 'ok';
  return is('Reconciling') === 'True' || !isSeen ? 'busy' : 'bad';
}

function apiPart(environment: Environment, parts: Parts, now: number): Part {
  const releases = releaseParts(environment, parts, now);
  const { stable, endpoint } = environment.status ?? {};
  const condition = conditionOf(environment, 'ApiReady');
  return {
    role: 'api',
    name: stable?.image ?? 'no release serves yet',
    // One that was rolled back is to be looked at, and hurts nobody.
    health: releases
      .filter((part) => !wasRolledBack(part))
      .reduce<Health>(
        (health, part) => worse(health, part.health),
        condition?.status === 'True' ? 'ok' : 'busy',
      ),
    says: endpoint ? [endpoint] : [],
    parts: releases,
  };
}

function conditionOf({ status }: Environment, type: string) {
  return status?.conditions?.find((condition) => condition.type === type);
}

const CONDITIONS: Record<string, string> = {
  database: 'DatabaseReady',
  pooler: 'PoolerReady',
  cache: 'CacheReady',
  predictor: 'PredictorReady',
};

function componentParts(environment: Environment, { pods, claims }: Parts): Part[] {
  return (environment.status?.components ?? []).map(({ name, image, pods: wanted, readyPods }) => {
    const condition = conditionOf(environment, CONDITIONS[name] ?? '');
    // The Sentinels are part of the cache's group.
    const components = name === 'cache' ? ['cache', 'sentinel'] : [name];
    const own = pods.items.filter((pod) => components.includes(componentOf(pod)));
    const volumes = claims.items.filter((claim) => components.includes(componentOf(claim)));
    const isReady = condition?.status === 'True';
    return {
      role: name,
      name: image ?? '',
      health: isReady ? (readyPods < wanted ? 'busy' : 'ok') : 'bad',
      says: [`${readyPods}/${wanted} ready`],
      ...(isReady || condition === undefined ? {} : { waiting: condition.message }),
      parts: [
        ...byName(own).map((pod) => withMember(podPart(pod), environment.status ?? {})),
        ...byName(volumes).map(claimPart),
      ],
    };
  });
}

export function componentOf({ metadata }: KubeObject): string {
  return metadata.labels?.[LABELS.component] ?? '';
}

function claimPart(claim: KubeObject): Part {
  const { phase = 'Pending', capacity } = (claim.status ?? {}) as {
    phase?: string;
    capacity?: { storage?: string };
  };
  const { resources } = (claim.spec ?? {}) as { resources?: { requests?: { storage?: string } } };
  const wanted = resources?.requests?.storage;
  const size = capacity?.storage ?? wanted ?? '?';
  const isGrowing = capacity?.storage !== undefined && wanted !== undefined && capacity.storage !== wanted;
  return {
    role: 'volume',
    name: claim.metadata.name,
    health: phase === 'Bound' ? (isGrowing ? 'busy' : 'ok') : phase === 'Lost' ? 'bad' : 'busy',
    says: [phase === 'Bound' ? size : `${phase.toLowerCase()}, ${size}`],
    ...(isGrowing ? { waiting: `it is to grow to ${wanted}` } : {}),
    parts: [],
  };
}

function routeParts(environment: Environment, { routes }: Parts): Part[] {
  const { spec } = resolveEnvironment(environment);
  const condition = conditionOf(environment, 'RoutingReady');
  const { mode, gateway, hostnames } = spec.routing;
  const name = mode === 'service' ? 'Service' : `Gateway ${gateway.namespace}/${gateway.name}`;
  if (condition === undefined && routes.items.length === 0) return [];
  const isReady = condition?.status === 'True';
  return [
    {
      role: 'route',
      name,
      health: isReady ? 'ok' : 'bad',
      says: [mode === 'service' ? 'shares by pods' : hostnames.join(', ') || 'every host'],
      ...(isReady || condition === undefined ? {} : { waiting: condition.message }),
      parts: [],
    },
  ];
}

function autoscalerParts({ autoscalers }: Parts): Part[] {
  return byName(autoscalers.items).map((autoscaler) => {
    const { minReplicas = 1, maxReplicas = 1 } = (autoscaler.spec ?? {}) as Record<string, number>;
    const { currentReplicas, conditions = [] } = (autoscaler.status ?? {}) as {
      currentReplicas?: number;
      conditions?: { type: string; status: string; message?: string }[];
    };
    const blind = conditions.find(({ type, status }) => type === 'ScalingActive' && status === 'False');
    const isAtTop = (currentReplicas ?? 0) >= maxReplicas && maxReplicas > minReplicas;
    return {
      role: 'autoscaler',
      name: `${minReplicas} to ${plural(maxReplicas, 'pod')}`,
      health: blind ? 'bad' : isAtTop ? 'busy' : 'ok',
      says: [
        ...(currentReplicas === undefined ? [] : [`now ${currentReplicas}`]),
        ...(isAtTop ? ['at its maximum'] : []),
      ],
      ...(blind?.message ? { waiting: blind.message } : {}),
      parts: [],
    };
  });
}
