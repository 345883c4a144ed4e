import { parseResult } from '../restore/result.ts';
import type { JobView } from '../restore/view.ts';
import type { Live } from './snapshot.ts';
import { podProblem } from './workloads.ts';

const LONGEST_PROBLEM = 600;

interface Terminated {
  finishedAt?: string;
  message?: string;
  reason?: string;
}

/** The Job of a restore with what its pods have said; `all`: the pods of the environment. */
export function jobView(job: Live | undefined, all: readonly Live[]): JobView {
  if (job === undefined) return { state: 'absent' };
  const pods = all.filter(({ metadata }) =>
    metadata.ownerReferences?.some(({ uid }) => uid === job.metadata.uid),
  );
  const ends = pods
    .flatMap(endOf)
    .sort((a, b) => Date.parse(b.finishedAt ?? '') - Date.parse(a.finishedAt ?? ''));
  const result = ends.map(({ message }) => parseResult(message)).find((found) => found !== undefined);
  const leaving = job.metadata.deletionTimestamp === undefined ? {} : { isLeaving: true };
  if (result) return { state: 'ended', result, ...leaving };
  const { conditions = [] } = (job.status ?? {}) as {
    conditions?: { type: string; status: string; message?: string }[];
  };
  const over = conditions.find(
    ({ type, status }) => status === 'True' && ['Complete', 'Failed'].includes(type),
  );
  if (over === undefined) {
    const problem = podProblem(pods);
    return { state: 'running', ...(problem ? { problem } : {}), ...leaving };
  }
  // The watches of Jobs and of pods are not in step: the end of a pod that is there is still to be told.
  if (over.type === 'Complete' && pods.length > 0 && ends.length === 0)
    return { state: 'running', ...leaving };
  const words = ends[0]?.message?.trim() || ends[0]?.reason || over.message;
  return { state: 'ended', ...(words ? { problem: words.slice(-LONGEST_PROBLEM) } : {}), ...leaving };
}

function endOf({ status }: Live): Terminated[] {
  const { containerStatuses = [] } = (status ?? {}) as {
    containerStatuses?: { state?: { terminated?: Terminated } }[];
  };
  return containerStatuses.flatMap(({ state }) => state?.terminated ?? []);
}
