import { renderPreview } from '../../charts/render.ts';
import { FINALIZER, ownerReference, releaseInputs } from '../api/resolved.ts';
import type { EnvironmentStatus } from '../api/status.ts';
import { decide } from '../rollout/decide.ts';
import type { Note, RolloutDecision } from '../rollout/state.ts';
import { type Action, pushApply } from './actions.ts';
import { untilChange } from './autoscaling.ts';
import { backupActions } from './backup-actions.ts';
import { commandsOf } from './commands.ts';
import { componentActions } from './component-actions.ts';
import { statusOf } from './conditions.ts';
import { dataViolation } from './data-guard.ts';
import { withMembers } from './database-members.ts';
import { chooseForms, REFRESH, type RenderedComponent } from './forms.ts';
import { growthAgainInMs } from './growth.ts';
import { withHold } from './in-place.ts';
import { rotationOf } from './login-rotation.ts';
import { isOpen, nextOpening } from './maintenance.ts';
import { answersOfJobs, jobsOfAnalyses } from './measure/jobs.ts';
import { resultActions } from './migrations.ts';
import { owned } from './ownership.ts';
import { resumed } from './pause.ts';
import { PRUNED, strays } from './prune.ts';
import { pruneActions, rolloutActions } from './release-actions.ts';
import { rehearsalAgainInMs, rehearsalNotes, restoreActions } from './restores.ts';
import { withSettingsCheck } from './settings-check.ts';
import type { Live, RevisionRecord, Snapshot } from './snapshot.ts';
import { problemsOf } from './validate.ts';
import { firstViolation } from './violation.ts';

export interface Plan {
  /** In their order: each may rely on those before it. */
  actions: Action[];
  /** Independent of the release and of each other: one that is refused must keep no traffic from moving. */
  components: Action[];
  decision?: RolloutDecision;
  status: EnvironmentStatus;
  notes: Note[];
  againInMs?: number;
}

export interface Rendered {
  components: Record<string, RenderedComponent>;
  /** Objects of the desired revision, as this version of the operator renders them. */
  desired: RevisionRecord['manifests'];
}

/** In an open maintenance window the next component is renewed as soon as things are calm; changes wake the plan, too. */
const RENEWAL_MS = 10_000;

/** Snapshot -> writes, status, events and when to look again. Pure. */
export function makePlan(observed: Snapshot, rendered: Rendered, settled: (live: Live) => boolean): Plan {
  const problems = problemsOf(observed.resolved);
  if (problems.length > 0)
    return { actions: [], components: [], status: statusOf(observed, { problems }), notes: [] };

  // What is under way (a Job, an autoscaler) goes on, but nothing new is begun; a deletion is another plan.
  if (observed.resolved.spec.paused)
    return { actions: [], components: [], status: statusOf(observed, {}), notes: [] };

  const forms = chooseForms(observed.resolved, rendered.components, observed.forms, {
    refresh: observed.environment.metadata.annotations?.[REFRESH] ?? '',
    renew: isOpen(observed.resolved.spec.maintenance.window, observed.now) && isCalm(observed),
  });
  const snapshot = withHold(withMembers(withSettingsCheck(observed, forms.manifests)));
  const owner = ownerReference(snapshot.environment);
  const actions: Action[] = beginning(snapshot);
  if (!snapshot.credentials) actions.push({ type: 'createCredentials' });
  const { replicas, autoscaling } = snapshot.resolved.spec;
  if (forms.record) actions.push({ type: 'keepForms', record: forms.record, owner });
  const components = componentActions(snapshot, forms.manifests, owner, settled);

  const rotation = rotationOf(snapshot, forms.outdated);
  components.push(...restoreActions(snapshot, owner), ...rotation.actions);

  const known = snapshot.records.find((record) => record.revision === snapshot.desired);
  const record = known ?? newRecord(snapshot, rendered);
  if (!known) actions.push({ type: 'record', record, owner });
  actions.push(...resultActions(snapshot.all('Job'), snapshot.all('Pod')));

  const { pausedSince, ...memory } = snapshot.environment.status ?? {};
  const decision = decide({
    now: snapshot.now,
    desired: snapshot.desired,
    replicas: replicas ?? autoscaling.minReplicas,
    policy: snapshot.resolved.spec.rollout,
    revisions: known ? snapshot.views : [...snapshot.views, freshView(record)],
    route: snapshot.route,
    router: snapshot.resolved.spec.routing.mode,
    memory: pausedSince ? resumed(memory, Date.parse(pausedSince), snapshot.now) : memory,
    measured: [...snapshot.measured, ...answersOfJobs(snapshot)],
    databaseProblem: [snapshot.workloads.database, snapshot.workloads.pooler].find((w) => !w.ready)?.message,
    commands: commandsOf(snapshot.environment),
    migration: snapshot.migration,
  });
  const preview = decision.preview === undefined ? [] : [renderPreview(snapshot.resolved, decision.preview)];
  for (const manifest of preview) pushApply(components, snapshot, owned(manifest, owner), settled);
  components.push(
    ...strays(snapshot.environment, [...forms.manifests, ...preview], PRUNED.flatMap(snapshot.all)),
  );
  const records = known ? snapshot.records : [...snapshot.records, record];
  actions.push(...rolloutActions(snapshot, decision, records, owner, settled));
  actions.push(...pruneActions(snapshot, decision));
  actions.push(...jobsOfAnalyses(snapshot, decision.memory, owner));
  const backups = backupActions(snapshot, decision.backup);
  components.push(...backups.actions);
  if (decision.clear.length > 0)
    actions.push({ type: 'clearCommands', verbs: decision.clear, why: 'these commands are done' });

  const violation =
    firstViolation(actions, snapshot, decision) ??
    dataViolation([...actions, ...components], snapshot.environment);
  if (violation) {
    const reason = `the plan would break ${violation}: nothing was written; this is a defect of the operator, please report it`;
    const status = statusOf(snapshot, { violation: reason });
    return { actions: [], components: [], status, notes: [], againInMs: 5000 };
  }
  const againInMs = Math.min(
    decision.againInMs ?? Number.POSITIVE_INFINITY,
    backups.againInMs,
    growthAgainInMs(components, snapshot),
    autoscaling.quietHours ? untilChange(autoscaling.quietHours, snapshot.now) : Number.POSITIVE_INFINITY,
    forms.outdated.length > 0 ? untilRenewal(snapshot) : Number.POSITIVE_INFINITY,
    rehearsalAgainInMs(snapshot),
    rotation.againInMs,
  );
  return {
    actions,
    components,
    decision,
    status: statusOf(snapshot, {
      decision,
      outdated: forms.outdated,
      login: rotation.login,
      isWriting: components.some(changesPods),
    }),
    notes: [...decision.notes, ...rehearsalNotes(snapshot), ...rotation.notes],
    ...(againInMs === Number.POSITIVE_INFINITY ? {} : { againInMs }),
  };
}

/** From the first write on, a deletion has to leave time to delete in order what is written after it. */
function beginning({ environment, resolved }: Snapshot): Action[] {
  const { finalizers = [] } = environment.metadata;
  const { replicas, autoscaling } = resolved.spec;
  const finalizer = finalizers.includes(FINALIZER) ? {} : { finalizers: [...finalizers, FINALIZER] };
  const size = replicas === undefined ? { replicas: autoscaling.minReplicas } : {};
  const isBegun = Object.keys({ ...finalizer, ...size }).length === 0;
  return isBegun ? [] : [{ type: 'begin', ...finalizer, ...size }];
}

/** Nothing is renewed while something else moves: one component at a time, each after the one before is well. */
function isCalm({ workloads, environment }: Snapshot): boolean {
  const isRollingOut = environment.status?.candidate !== undefined;
  return !isRollingOut && Object.values(workloads).every(({ ready, settled }) => ready && settled);
}

function untilRenewal({ now, resolved }: Snapshot): number {
  const { window } = resolved.spec.maintenance;
  return isOpen(window, now) ? RENEWAL_MS : nextOpening(window, now) - now;
}

function newRecord(snapshot: Snapshot, rendered: Rendered): RevisionRecord {
  const number = Math.max(0, ...snapshot.records.map((record) => record.number)) + 1;
  const inputs = releaseInputs(snapshot.resolved);
  return { revision: snapshot.desired, number, inputs, manifests: rendered.desired };
}

function freshView(record: RevisionRecord) {
  const { revision, number, inputs } = record;
  return { revision, number, image: inputs.image, ready: 0, migration: 'absent' as const };
}

function changesPods(action: Action): boolean {
  return action.type === 'apply' && ['Deployment', 'StatefulSet'].includes(action.manifest.kind);
}
