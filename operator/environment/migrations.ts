import { BACKUP, MARKED_IRREVERSIBLE } from '../../charts/migration.ts';
import { LABELS, names } from '../api/resolved.ts';
import { type MigrationResult, PHASES, type SchemaView, type StepView } from '../rollout/schema.ts';
import type { Action } from './actions.ts';
import type { Live } from './snapshot.ts';
import { podProblem } from './workloads.ts';

/** What a Job's pod has said, kept with the Job: pods go with their nodes, and the Job is the record of what was done. */
const RESULT = 'cryptosense.io/migration-result';

/** What the words of a failed pod are cut to, the last ones being those that count. */
const LONGEST_PROBLEM = 600;

interface Terminated {
  exitCode?: number;
  finishedAt?: string;
  message?: string;
}

interface Ending {
  said: MigrationResult | undefined;
  words: string | undefined;
}

/** The steps of one revision's migration: `job` finds a Job of the environment by name, `pods` are those of the revision. */
export function schemaOf(
  environment: string,
  revision: string,
  job: (name: string) => Live | undefined,
  pods: Live[],
): SchemaView | undefined {
  const its = names(environment);
  const jobs = PHASES.map((phase) => [phase, job(its.migration(revision, phase))] as const);
  if (jobs.every(([, live]) => live === undefined)) return undefined;
  return Object.fromEntries(jobs.map(([phase, live]) => [phase, stepOf(live, pods)])) as SchemaView;
}

/** Keeps with their Jobs what their pods have said. */
export function resultActions(jobs: Live[], pods: Live[]): Action[] {
  return jobs.flatMap((job): Action[] => {
    const { annotations, deletionTimestamp, labels } = job.metadata;
    if (labels?.[LABELS.component] !== 'migration' || !isOver(job)) return [];
    if (annotations?.[RESULT] !== undefined || deletionTimestamp) return [];
    const result = endingOf(podsOf(job, pods))?.said;
    if (result === undefined) return [];
    const { name, uid, resourceVersion } = job.metadata;
    const kept = { [RESULT]: JSON.stringify(result) };
    const why = 'what it has said outlives its pod';
    return [{ type: 'annotate', kind: 'Job', name, uid, resourceVersion, annotations: kept, why }];
  });
}

function stepOf(job: Live | undefined, all: Live[]): StepView {
  if (!job) return { state: 'absent' };
  const { annotations = {}, creationTimestamp } = job.metadata as Live['metadata'] & {
    creationTimestamp?: string;
  };
  const pods = podsOf(job, all);
  const known = {
    ...(creationTimestamp ? { createdAt: Date.parse(creationTimestamp) } : {}),
    ...(annotations[MARKED_IRREVERSIBLE] === 'true' ? { isMarked: true } : {}),
    ...(annotations[BACKUP] ? { backup: annotations[BACKUP] } : {}),
  };
  const failed = conditionOf(job, 'Failed');
  const complete = conditionOf(job, 'Complete');
  if (!failed && !complete) {
    const problem = podProblem(pods);
    return { state: 'running', ...known, ...(problem ? { problem } : {}) };
  }
  const ending = endingOf(pods);
  const result = parsed(annotations[RESULT]) ?? ending?.said;
  const said = { ...known, ...(result ? { result } : {}) };
  if (failed) {
    const words = result?.error ?? ending?.words ?? failed.message ?? 'failed';
    return {
      state: 'failed',
      ...said,
      problem: `Job ${job.metadata.name}: ${words.slice(-LONGEST_PROBLEM)}`,
    };
  }
  if (result) return { state: 'complete', ...said };
  // The watches of Jobs and of pods are not in step: the pod's end is still to be told.
  if (pods.length > 0 && !ending) return { state: 'running', ...known };
  return { state: 'complete', ...said, ...(pods.length === 0 ? { isLost: true } : {}) };
}

function podsOf({ metadata }: Live, pods: Live[]): Live[] {
  return pods.filter((pod) => pod.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid));
}

/** What the pod that ended last has said. */
function endingOf(pods: Live[]): Ending | undefined {
  type Status = { containerStatuses?: { state?: { terminated?: Terminated } }[] };
  const ends = pods
    .flatMap(({ status }) => (status as Status | undefined)?.containerStatuses ?? [])
    .flatMap(({ state }) => state?.terminated ?? [])
    .sort((a, b) => Date.parse(b.finishedAt ?? '') - Date.parse(a.finishedAt ?? '') || 0);
  const [last] = ends;
  if (!last) return undefined;
  const said = parsed(last.message);
  return { said, words: said ? undefined : last.message?.trim() || undefined };
}

function isOver(job: Live): boolean {
  return conditionOf(job, 'Failed') !== undefined || conditionOf(job, 'Complete') !== undefined;
}

function conditionOf(job: Live, type: string): { message?: string } | undefined {
  type Condition = { type: string; status: string; message?: string };
  const { conditions = [] } = (job.status ?? {}) as { conditions?: Condition[] };
  return conditions.find((condition) => condition.type === type && condition.status === 'True');
}

/** Only what has the form of a result is one: an image says what it wants. */
function parsed(text: string | undefined): MigrationResult | undefined {
  if (!text?.trim().startsWith('{')) return undefined;
  try {
    const { fresh, newest, pending, applied, irreversible, error } = JSON.parse(
      text,
    ) as Partial<MigrationResult>;
    const isWhole =
      typeof newest === 'number' && Array.isArray(pending?.expand) && Array.isArray(pending?.contract);
    if (!isWhole) return undefined;
    return {
      fresh: fresh === true,
      newest,
      pending: { expand: texts(pending.expand), contract: texts(pending.contract) },
      applied: texts(applied),
      irreversible: texts(irreversible),
      ...(typeof error === 'string' ? { error } : {}),
    };
  } catch {
    return undefined;
  }
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
