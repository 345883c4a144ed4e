import type { k8s } from 'cdk8s-plus-28';
import type { Scheduling } from '../operator/api/effective-spec.ts';
import type { ResolvedEnvironment } from '../operator/api/resolved.ts';

/** Where a pod may run and what its images are pulled with. The inputs of a release are one, too. */
export interface Placement {
  scheduling?: Scheduling;
  pullSecrets?: string[];
}

export function placementOf({ spec }: ResolvedEnvironment): Placement {
  return { scheduling: spec.scheduling, pullSecrets: spec.images.pullSecrets };
}

/** The fields of a pod that say which nodes it may have; none when nothing was asked for. */
export function nodeChoice(scheduling: Scheduling | undefined): Partial<k8s.PodSpec> {
  const { nodeSelector = {}, tolerations = [], priorityClassName } = scheduling ?? {};
  return {
    ...(Object.keys(nodeSelector).length > 0 ? { nodeSelector } : {}),
    // zod's optional fields may be undefined, those of cdk8s may not: neither ever is.
    ...(tolerations.length > 0 ? { tolerations: tolerations as k8s.Toleration[] } : {}),
    ...(priorityClassName === undefined ? {} : { priorityClassName }),
  };
}

/**
 * Over zones, then over nodes.
 * - preferred: never a reason not to run at all.
 * - required: a pod waits rather than go to a node that has more of them than another one. Zones stay a preference: the
 *   scheduler keeps a pod with a hard constraint off every node without that label, so that on a cluster without zones
 *   nothing would run at all. Nodes whose taints the pod does not bear do not count: an empty control-plane node would
 *   else be the one that all others are compared with, and the second pod would wait for ever.
 */
export function topologySpread(
  matchLabels: Record<string, string>,
  spread: Scheduling['spread'] = 'preferred',
): k8s.TopologySpreadConstraint[] {
  const hard = { whenUnsatisfiable: 'DoNotSchedule', nodeTaintsPolicy: 'Honor' };
  const soft = { whenUnsatisfiable: 'ScheduleAnyway' };
  return [
    { topologyKey: 'topology.kubernetes.io/zone', ...soft },
    { topologyKey: 'kubernetes.io/hostname', ...(spread === 'required' ? hard : soft) },
  ].map((constraint) => ({ maxSkew: 1, ...constraint, labelSelector: { matchLabels } }));
}

/** Taints that providers give to nodes which they may take away at any time, and a neutral one for all others. */
const SPOT_TAINTS = [
  'cloud.google.com/gke-spot',
  'kubernetes.azure.com/scalesetpriority',
  'cryptosense.io/spot',
];

/** `placement` with the right to run on spot nodes as well: for pods that may be taken away. */
export function onSpotNodesToo(placement: Placement): Placement {
  const spot = SPOT_TAINTS.map((key) => ({
    key,
    operator: 'Exists' as const,
    effect: 'NoSchedule' as const,
  }));
  const scheduling = placement.scheduling ?? { nodeSelector: {}, tolerations: [], spread: 'preferred' };
  return { ...placement, scheduling: { ...scheduling, tolerations: [...scheduling.tolerations, ...spot] } };
}
