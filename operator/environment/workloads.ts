import { type Refusals, volumeNote } from './growth.ts';
import type { Live, Workload } from './snapshot.ts';

/** A container runtime can say a lot; the first words name the trouble. */
const LONGEST_PROBLEM = 160;
/** What a program of ours wrote as its last words is a sentence. */
const LONGEST_WORDS = 600;

/** What to do about it, by the kubelet's or scheduler's reason. */
const REMEDIES: Record<string, string> = {
  ErrImagePull: 'check the name of the image and spec.images.pullSecrets',
  ImagePullBackOff: 'check the name of the image and spec.images.pullSecrets',
  InvalidImageName: 'check the name of the image',
  CreateContainerConfigError: 'a Secret or ConfigMap that it needs is missing',
  CrashLoopBackOff: 'read its log: kubectl logs --previous',
  Unschedulable: 'add nodes, or ask for less in resources and spec.scheduling',
};

/** The first reason, in the kubelet's or scheduler's words, why one of `pods` does not run. */
export function podProblem(pods: Live[]): string | undefined {
  type Waiting = {
    state?: { waiting?: { reason?: string; message?: string } };
    lastState?: { terminated?: { message?: string } };
  };
  for (const pod of pods) {
    const status = pod.status as
      | {
          containerStatuses?: Waiting[];
          conditions?: { type: string; status: string; reason?: string; message?: string }[];
        }
      | undefined;
    for (const { state, lastState } of status?.containerStatuses ?? []) {
      const reason = state?.waiting?.reason;
      if (reason && reason !== 'ContainerCreating' && reason !== 'PodInitializing') {
        // The back-off tells nothing; what the container said itself before it ended does.
        const words = lastState?.terminated?.message?.trim();
        if (words) return inWords(pod, reason, words, LONGEST_WORDS);
        return inWords(pod, reason, state?.waiting?.message);
      }
    }
    const unscheduled = status?.conditions?.find((c) => c.type === 'PodScheduled' && c.status === 'False');
    if (unscheduled) return inWords(pod, unscheduled.reason ?? 'Unschedulable', unscheduled.message);
  }
  return undefined;
}

function inWords(
  { metadata }: Live,
  reason: string,
  message: string | undefined,
  longest = LONGEST_PROBLEM,
): string {
  const what = `${reason}${message ? `: ${message}` : ''}`.slice(0, longest);
  const remedy = REMEDIES[reason];
  return `${what}${remedy ? `; pod ${metadata.name}: ${remedy}` : ''}`;
}

function isReady({ status, metadata }: Live): boolean {
  const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string }[] };
  const is = conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
  return is && metadata.deletionTimestamp === undefined;
}

/** How a Deployment or StatefulSet is, in one sentence. `volumes.size` is what the spec asks for. */
export function workloadOf(
  title: string,
  live: Live | undefined,
  known: { pods: Live[]; volumes?: { size: string; claims: Live[]; refusals: Refusals } },
): Workload {
  const readyPods = known.pods.filter(isReady).length;
  // A StatefulSet is made again when a volume grows, and its pods serve on meanwhile.
  if (!live && readyPods > 0 && known.volumes)
    return {
      pods: readyPods,
      readyPods,
      ready: true,
      settled: false,
      message: `${title}: made again around ${readyPods} ready pods.`,
    };
  if (!live)
    return { pods: 0, readyPods: 0, ready: false, settled: false, message: `${title} is being created.` };
  const spec = live.spec as {
    replicas?: number;
    template?: { spec?: { containers?: { image?: string }[] } };
  };
  const wanted = spec.replicas ?? 1;
  const image = spec.template?.spec?.containers?.[0]?.image;
  const status = (live.status ?? {}) as {
    observedGeneration?: number;
    readyReplicas?: number;
    updatedReplicas?: number;
    replicas?: number;
  };
  const isNew = status.observedGeneration === undefined;
  const ready = isNew && known.volumes ? readyPods : (status.readyReplicas ?? 0);
  const updated = status.updatedReplicas ?? 0;
  const isCurrent = status.observedGeneration === live.metadata.generation;
  const settled = isCurrent && ready === wanted && updated === wanted && status.replicas === wanted;
  const problem = podProblem(known.pods);
  const isRolling = ready >= wanted && !settled;
  const why = isRolling
    ? ', new ones are replacing old ones'
    : ready < wanted && problem
      ? ` (${problem})`
      : '';
  const { note, moving } = known.volumes
    ? volumeNote(live, known.volumes.size, known.volumes)
    : { note: '', moving: false };
  const volumes = note === '' ? '' : ` ${note}`;
  return {
    ...(image === undefined ? {} : { image }),
    pods: wanted,
    readyPods: ready,
    ready: ready > 0,
    settled: settled && !moving,
    message: `${title}: ${ready} of ${wanted} pods ready${why}.${volumes}`,
  };
}

/**
 * Redis with its Sentinels; image and pods are those of Redis. One of the Sentinels is ready when it sees a primary:
 * without that, ready Redis pods serve nobody.
 */
export function cacheGroup(redis: Workload, sentinels: Workload): Workload {
  const note = redis.ready && !sentinels.ready ? ' No Sentinel sees a primary Redis.' : '';
  return {
    ...redis,
    ready: redis.ready && sentinels.ready,
    settled: redis.settled && sentinels.settled,
    message: `${redis.message} ${sentinels.message}${note}`,
  };
}
