import { createHash } from 'node:crypto';
import { renderAnalysisJob } from '../../../charts/render.ts';
import { milliseconds } from '../../api/duration.ts';
import { LABELS, names, type OwnerReference } from '../../api/resolved.ts';
import type { AnalysisRun } from '../../api/status.ts';
import type { Measured, Outcome } from '../../rollout/analysis/measured.ts';
import { type MetricPolicy, policyOf, type Source } from '../../rollout/analysis/policy.ts';
import { dueIn } from '../../rollout/analysis/run.ts';
import type { RolloutMemory } from '../../rollout/state.ts';
import type { Action } from '../actions.ts';
import { stamped } from '../drift.ts';
import { owned } from '../ownership.ts';
import type { Live, Snapshot } from '../snapshot.ts';
import { podProblem } from '../workloads.ts';
import { filled } from './placeholders.ts';

const COMPONENT = 'analysis';
/** Which metric of which run a Job was made for. */
const MEASURES = 'cryptosense.io/measures';
const LONGEST_WORDS = 300;
const OTHERWISE = '10m';

interface Try {
  readonly run: AnalysisRun;
  readonly metric: MetricPolicy;
  readonly source: Extract<Source, { type: 'job' }>;
  readonly measures: string;
  readonly hash: string;
}

/** What the Jobs of the candidate's analyses say. Pure. */
export function answersOfJobs(snapshot: Snapshot): Measured[] {
  const at = new Date(snapshot.now).toISOString();
  return triesOf(snapshot, snapshot.environment.status?.candidate).flatMap(({ run, metric, hash }) => {
    const outcome = outcomeOf(snapshot, names(snapshot.resolved.name).analysis(hash));
    return outcome ? [{ run: run.id, startedAt: run.startedAt, metric: metric.name, at, outcome }] : [];
  });
}

/** Makes the Jobs that are due after the decision, and removes those that nobody waits for. Pure. */
export function jobsOfAnalyses(snapshot: Snapshot, memory: RolloutMemory, owner: OwnerReference): Action[] {
  const its = names(snapshot.resolved.name);
  const tries = triesOf(snapshot, memory.candidate);
  const jobs = snapshot
    .all('Job')
    .filter(({ metadata }) => metadata.labels?.[LABELS.component] === COMPONENT)
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const due = tries.filter(({ run, metric }) => (dueIn(run, metric, snapshot.now) ?? 1) <= 0);
  const missing = due.filter(
    ({ hash }) => !jobs.some(({ metadata }) => metadata.name === its.analysis(hash)),
  );
  const made = missing.map((one): Action => {
    const manifest = stamped(owned(manifestOf(snapshot, one, memory), owner));
    return { type: 'apply', manifest, why: `${one.run.id}: ${one.metric.name} is measured`, isNew: true };
  });
  const over = jobs.filter((job) => {
    const { name, annotations } = job.metadata;
    if (tries.some(({ hash }) => its.analysis(hash) === name)) return false;
    // The last one of a metric stays for who reads its log; what still runs for nobody is stopped.
    return conditionOf(job) === undefined || missing.some((one) => one.measures === annotations?.[MEASURES]);
  });
  const why = 'its answer is not waited for any more';
  const removed = over.map((job): Action => {
    const { name, uid } = job.metadata;
    return { type: 'delete', kind: 'Job', name, uid, why };
  });
  return [...made, ...removed];
}

/** The next try of each metric that is a Job, also when it is not due yet. */
function triesOf({ resolved }: Snapshot, candidate: RolloutMemory['candidate']): Try[] {
  const runs = candidate?.analyses?.filter(({ verdict }) => verdict === undefined) ?? [];
  return runs.flatMap((run) =>
    (policyOf(resolved.spec.rollout, run.id)?.metrics ?? []).flatMap((metric): Try[] => {
      const { source } = metric;
      if (source.type !== 'job') return [];
      const at = run.metrics.find(({ name }) => name === metric.name)?.at ?? '';
      const measures = `${run.id}/${run.startedAt}/${metric.name}`;
      const hash = createHash('sha256')
        .update(`${candidate?.revision}/${measures}/${at}`)
        .digest('hex')
        .slice(0, 10);
      return [{ run, metric, source, measures, hash }];
    }),
  );
}

function manifestOf(snapshot: Snapshot, { source, measures, hash }: Try, memory: RolloutMemory) {
  const { environment, resolved } = snapshot;
  const { candidate, stable } = memory;
  const { image, command, args } = source;
  return renderAnalysisJob(resolved, {
    hash,
    annotations: { [MEASURES]: measures },
    revision: candidate?.revision ?? '',
    stable: stable?.revision ?? '',
    image,
    ...(command ? { command } : {}),
    ...(args
      ? { args: args.map((arg) => filled(arg, { metadata: environment.metadata, status: memory })) }
      : {}),
    timeoutSeconds: milliseconds(source.timeout ?? OTHERWISE) / 1000,
  });
}

/** Undefined while it runs, or is not there. */
function outcomeOf(snapshot: Snapshot, name: string): Outcome | undefined {
  const { namespace } = snapshot.resolved;
  const job = snapshot.live({ kind: 'Job', metadata: { name, namespace } });
  if (!job) return undefined;
  const pods = snapshot
    .all('Pod')
    .filter(({ metadata }) => metadata.labels?.['batch.kubernetes.io/job-name'] === name);
  const end = conditionOf(job);
  if (!end) {
    // What cannot even start says nothing of the release.
    const problem = podProblem(pods);
    return problem ? { type: 'problem', why: `Job ${name} cannot start: ${problem}` } : undefined;
  }
  if (end.type === 'Complete') return { type: 'result', passed: true, message: `Job ${name} ended with 0` };
  const words = lastWords(pods) ?? end.message ?? 'it failed';
  return { type: 'result', passed: false, message: `Job ${name} failed: ${words}` };
}

interface Condition {
  type: string;
  status: string;
  message?: string;
}

function conditionOf(job: Live): Condition | undefined {
  const { conditions = [] } = (job.status ?? {}) as { conditions?: Condition[] };
  return conditions.find(({ type, status }) => status === 'True' && ['Complete', 'Failed'].includes(type));
}

interface Terminated {
  exitCode?: number;
  message?: string;
}

function lastWords(pods: Live[]): string | undefined {
  const ends = pods.flatMap(({ status }) => {
    const { containerStatuses = [] } = (status ?? {}) as {
      containerStatuses?: { state?: { terminated?: Terminated } }[];
    };
    return containerStatuses.flatMap(({ state }) => state?.terminated ?? []);
  });
  const end = ends.find(({ exitCode }) => exitCode !== 0);
  if (!end) return undefined;
  const said = end.message?.trim().slice(-LONGEST_WORDS);
  return `exit code ${end.exitCode}${said ? `: ${said}` : ''}`;
}
