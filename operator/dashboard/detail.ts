import type { Environment } from '../api/resolved.ts';
import type { AnalysisRun, Condition, EnvironmentStatus } from '../api/status.ts';
import { describe, type Step } from '../rollout/steps.ts';
import { noCommands, offersFor } from './offers.ts';
import { rowOf, stepsFor } from './row.ts';
import type {
  AnalysisView,
  CandidateView,
  ConditionView,
  Detail,
  MemberView,
  ReleaseView,
} from './shapes.ts';

type Candidate = NonNullable<EnvironmentStatus['candidate']>;

/** Everything that the page shows of one environment's own state. Pure. */
export function detailOf(environment: Environment): Detail {
  const status = environment.status ?? {};
  const { stable, candidate, rejected, lastCommand } = status;
  const steps = stepsFor(environment);
  const refused = noCommands(environment);
  return {
    ...rowOf(environment),
    ...(status.endpoint ? { endpoint: status.endpoint } : {}),
    waitingFor: status.waitingFor ?? [],
    conditions: (status.conditions ?? []).map(conditionView),
    components: (status.components ?? []).map(({ name, image, pods, readyPods }) => ({
      name,
      ...(image ? { image } : {}),
      pods,
      readyPods,
    })),
    members: (status.database?.members ?? []).map(memberView),
    ...(stable ? { stable: { ...release(stable), ...(stable.since ? { since: stable.since } : {}) } } : {}),
    ...(candidate ? { trial: candidateView(candidate, steps) } : {}),
    ...(rejected
      ? {
          rejected: {
            ...release(rejected),
            reason: rejected.reason,
            message: rejected.message,
            at: rejected.at,
          },
        }
      : {}),
    history: (status.history ?? [])
      .map(({ promotedAt, replacedAt, failed, ...one }) => ({
        ...release(one),
        promotedAt,
        ...(replacedAt ? { replacedAt } : {}),
        failed: failed === true,
      }))
      .reverse(),
    ...(lastCommand ? { lastCommand: commandView(lastCommand) } : {}),
    messages: (status.notifications ?? [])
      .map(({ id, at, kind, severity, message }) => ({ id, at, kind, severity, message }))
      .reverse(),
    offers: offersFor(environment, steps),
    ...(refused ? { noCommands: refused } : {}),
  };
}

type Member = NonNullable<NonNullable<EnvironmentStatus['database']>['members']>[number];

function memberView({ name, role, state, ready, timeline, lagBytes }: Member): MemberView {
  return {
    name,
    ...(role ? { role } : {}),
    state,
    ready,
    ...(timeline === undefined ? {} : { timeline }),
    ...(lagBytes === undefined ? {} : { lagBytes }),
  };
}

type Command = NonNullable<EnvironmentStatus['lastCommand']>;

function commandView({
  verb,
  target,
  at,
  by,
  accepted,
  message,
}: Command): NonNullable<Detail['lastCommand']> {
  return { verb, target, at, ...(by ? { by } : {}), accepted, message };
}

function release({ number, revision, image }: ReleaseView): ReleaseView {
  return { number, revision, image };
}

function candidateView(candidate: Candidate, steps: readonly Step[]): CandidateView {
  const { strategy = 'canary', gate, frozen, heldSince } = candidate;
  const obstacle = frozen?.message ?? gate?.message;
  return {
    ...release(candidate),
    strategy,
    plan: steps.map(describe),
    step: candidate.step,
    weight: candidate.weight,
    pods: candidate.replicas,
    readyPods: candidate.readyReplicas,
    startedAt: candidate.startedAt,
    ...(heldSince ? { heldSince } : {}),
    ...(obstacle ? { obstacle } : {}),
    analyses: (candidate.analyses ?? []).map(analysisView),
  };
}

function analysisView({ id, verdict, message, metrics }: AnalysisRun): AnalysisView {
  return {
    id,
    ...(verdict ? { verdict } : {}),
    message,
    metrics: metrics.map((metric) => ({
      name: metric.name,
      ...(metric.verdict ? { verdict: metric.verdict } : {}),
      message: metric.message,
      count: metric.count,
      failures: metric.failures,
    })),
  };
}

/** True is bad for these; for all others False is. */
const BAD_WHEN_TRUE = new Set(['Stalled', 'RolledBack']);
/** Neither state is better than the other. */
const PLAIN = new Set(['Reconciling', 'Paused']);
/** Worth a look, and nothing is wrong. */
const NOTES = new Set(['UpToDate', 'AllFieldsInEffect', 'CommandAccepted', 'MonitoringReady']);

function conditionView({ type, status, reason, message, lastTransitionTime }: Condition): ConditionView {
  return { type, status, reason, message, since: lastTransitionTime, tone: toneOf(type, status) };
}

function toneOf(type: string, status: Condition['status']): ConditionView['tone'] {
  if (PLAIN.has(type) || status === 'Unknown') return 'plain';
  if ((status === 'True') !== BAD_WHEN_TRUE.has(type)) return 'good';
  return NOTES.has(type) ? 'note' : 'bad';
}
