import type { KubeObject } from '../../operator/kube/resources.ts';
import { plural } from '../terminal/words.ts';
import type { Health, Part } from './node.ts';

interface ContainerState {
  waiting?: { reason?: string; message?: string };
  terminated?: { reason?: string; exitCode?: number; message?: string };
}

export interface PodStatus {
  phase?: string;
  reason?: string;
  message?: string;
  conditions?: { type: string; status: string; reason?: string; message?: string }[];
  containerStatuses?: {
    name: string;
    restartCount?: number;
    state?: ContainerState;
    lastState?: ContainerState;
  }[];
  startTime?: string;
}

/** The pod as a part: running, where, how often restarted, and what it waits for in the kubelet's or scheduler's words. Pure. */
export function podPart(pod: KubeObject): Part {
  const { phase = 'Unknown' } = statusOf(pod);
  const { nodeName } = (pod.spec ?? {}) as { nodeName?: string };
  const waiting = waitingOf(pod);
  const restarts = restartsOf(pod);
  const isLeaving = pod.metadata.deletionTimestamp !== undefined;
  return {
    role: 'pod',
    name: pod.metadata.name,
    health: healthOf(pod),
    says: [
      isLeaving ? 'stopping' : isReady(pod) ? 'ready' : phase.toLowerCase(),
      ...(restarts > 0 ? [plural(restarts, 'restart')] : []),
      ...(nodeName ? [`on ${nodeName}`] : []),
    ],
    ...(waiting === undefined ? {} : { waiting }),
    parts: [],
  };
}

export function isReady(pod: KubeObject): boolean {
  return statusOf(pod).conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

export function restartsOf(pod: KubeObject): number {
  return (statusOf(pod).containerStatuses ?? []).reduce((sum, { restartCount = 0 }) => sum + restartCount, 0);
}

export function statusOf(pod: KubeObject): PodStatus {
  return (pod.status ?? {}) as PodStatus;
}

function healthOf(pod: KubeObject): Health {
  const { phase } = statusOf(pod);
  if (pod.metadata.deletionTimestamp !== undefined) return 'busy';
  if (phase === 'Succeeded') return 'ok';
  if (phase === 'Failed') return 'bad';
  if (isReady(pod)) return 'ok';
  return isStuck(pod) ? 'bad' : 'busy';
}

/** Reasons that do not go away by waiting alone, as a rule. */
const STUCK = /BackOff|Err|Invalid|Failed|CreateContainerConfigError|Unschedulable|OOMKilled/;

function isStuck(pod: KubeObject): boolean {
  return STUCK.test(waitingOf(pod) ?? '');
}

function waitingOf(pod: KubeObject): string | undefined {
  const { conditions = [], containerStatuses = [], phase, reason, message } = statusOf(pod);
  if (phase === 'Failed') return sentence(reason ?? 'Failed', message);
  for (const { state, lastState } of containerStatuses) {
    // Back-off hides why the container ended.
    const ended = lastState?.terminated;
    if (state?.waiting?.reason && state.waiting.reason !== 'ContainerCreating') {
      const why =
        ended === undefined ? '' : ` (ended with ${ended.exitCode ?? '?'}, ${ended.reason ?? 'Error'})`;
      return `${sentence(state.waiting.reason, state.waiting.message)}${why}`;
    }
  }
  const scheduled = conditions.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') return sentence(scheduled.reason ?? 'Unschedulable', scheduled.message);
  if (phase === 'Running' && !isReady(pod)) return 'its readiness probe does not succeed';
  return undefined;
}

function sentence(reason: string, message: string | undefined): string {
  return message ? `${reason}: ${message}` : reason;
}
