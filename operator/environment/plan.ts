import { renderIdleSentinels, renderMigration, renderPreview } from '../../charts/render.ts';
import {
  FINALIZER,
  type Manifest,
  names,
  type OwnerReference,
  ownerReference,
  releaseInputs,
} from '../api/resolved.ts';
import type { EnvironmentStatus } from '../api/status.ts';
import { decide } from '../rollout/decide.ts';
import { type GuardedAction, violatedBy, type World } from '../rollout/invariants.ts';
import { bounds } from '../rollout/rolling.ts';
import { PHASES } from '../rollout/schema.ts';
import type { Note, RevisionView, RolloutDecision, Verb } from '../rollout/state.ts';
import { untilChange, withFloor, withRequests } from './autoscaling.ts';
import { withLiveClaims } from './claims.ts';
import { commandsOf } from './commands.ts';
import { statusOf } from './conditions.ts';
import { dataViolation } from './data-guard.ts';
import { reasonToApply, stamped } from './drift.ts';
import { chooseForms, type FormRecord, REFRESH, type RenderedComponent } from './forms.ts';
import { growthAgainInMs, growthOf, isOrphaned } from './growth.ts';
import { isOpen, nextOpening } from './maintenance.ts';
import { answersOfJobs, jobsOfAnalyses } from './measure/jobs.ts';
import { resultActions } from './migrations.ts';
import { owned } from './ownership.ts';
import { resumed } from './pause.ts';
import { PRUNED, strays } from './prune.ts';
import { routerActions } from './router.ts';
import { checkActions, isHeld, withSettingsCheck } from './settings-check.ts';
import type { Live, RevisionRecord, Snapshot } from './snapshot.ts';
import { Templates } from './templates.ts';
import { problemsOf } from './validate.ts';

/** One write. What can hurt traffic carries the version that the plan saw: on 409 the world is looked at again. */
export type Action =
  /** The first write of all, on the environment itself. */
  | { type: 'begin'; finalizers?: string[]; replicas?: number }
  | { type: 'createCredentials' }
  | { type: 'record'; record: RevisionRecord; owner: OwnerReference }
  | { type: 'keepForms'; record: FormRecord; owner: OwnerReference }
  /** `isNew`: the plan takes it for missing; if it is there all the same, it may be somebody else's. */
  | { type: 'apply'; manifest: Manifest; why: string; isNew: boolean }
  | {
      type: 'applyGuarded';
      manifest: Manifest;
      guarded: GuardedAction;
      why: string;
      isNew: boolean;
      resourceVersion?: string;
    }
  | {
      type: 'delete';
      kind: string;
      name: string;
      why: string;
      uid?: string;
      resourceVersion?: string;
      guarded?: GuardedAction;
    }
  /** Adds annotations to an object, and changes nothing else of it. */
  | {
      type: 'annotate';
      kind: string;
      name: string;
      uid: string;
      resourceVersion: string;
      annotations: Record<string, string>;
      why: string;
    }
  | { type: 'growClaim'; name: string; size: string; uid: string; resourceVersion: string; why: string }
  /** Deletes a StatefulSet and nothing with it: its pods and claims stay as they are. */
  | { type: 'orphan'; name: string; uid: string; resourceVersion: string; why: string }
  /** Takes the annotations of commands away that are done. */
  | { type: 'clearCommands'; verbs: Verb[]; why: string }
  /** The last write of all: the environment is gone when no other finalizer keeps it. */
  | { type: 'end'; finalizers: string[] };

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

const MIGRATIONS = new Templates(renderMigration);

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
  const snapshot = withSettingsCheck(observed, forms.manifests);
  const owner = ownerReference(snapshot.environment);
  const actions: Action[] = beginning(snapshot);
  if (!snapshot.credentials) actions.push({ type: 'createCredentials' });
  const { replicas, autoscaling } = snapshot.resolved.spec;
  const components: Action[] = [];
  if (forms.record) actions.push({ type: 'keepForms', record: forms.record, owner });
  // What the cluster has no resource type for is written as soon as it has it: the caches tell of that.
  const writable = [...forms.manifests, ...idleSentinels(snapshot)].filter(({ kind }) => snapshot.has(kind));
  for (const component of writable) {
    const growth = growthOf(component, snapshot.live(component), {
      claims: snapshot.all('PersistentVolumeClaim'),
      refusals: snapshot.refusals,
      now: snapshot.now,
    });
    components.push(...growth);
    // Once it is gone the next look makes it again.
    if (isOrphaned(growth, snapshot.live(component))) continue;
    if (isHeld(component, snapshot)) continue;
    const sized = withLiveClaims(component, snapshot.live(component));
    const manifest = withRequests(
      withFloor(sized, snapshot.resolved.spec, snapshot.now),
      snapshot.resolved.spec,
      snapshot.customMetrics,
    );
    pushApply(components, snapshot, owned(manifest, owner), settled);
  }
  components.push(...checkActions(snapshot, owner));
  for (const name of snapshot.oldForms) {
    const why = 'only the newest forms of the components are kept';
    components.push({ type: 'delete', kind: 'ControllerRevision', name, why });
  }

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
    growthAgainInMs(components, snapshot),
    autoscaling.quietHours ? untilChange(autoscaling.quietHours, snapshot.now) : Number.POSITIVE_INFINITY,
    forms.outdated.length > 0 ? untilRenewal(snapshot) : Number.POSITIVE_INFINITY,
  );
  return {
    actions,
    components,
    decision,
    status: statusOf(snapshot, {
      decision,
      outdated: forms.outdated,
      isWriting: components.some(changesPods),
    }),
    notes: decision.notes,
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

/** Sentinels that a cache without replicas has left over are sent away. */
function idleSentinels({ resolved, live }: Snapshot): Manifest[] {
  if (resolved.spec.cache.replicas > 1) return [];
  const { name, namespace } = resolved;
  const left = live({ kind: 'StatefulSet', metadata: { name: names(name).sentinel, namespace } });
  return left ? [renderIdleSentinels(resolved)] : [];
}

function rolloutActions(
  snapshot: Snapshot,
  decision: RolloutDecision,
  records: RevisionRecord[],
  owner: OwnerReference,
  settled: (live: Live) => boolean,
): Action[] {
  const its = names(snapshot.resolved.name);
  const grow: Action[] = [];
  const shrink: Action[] = [];
  const recordOf = (revision: string) => records.find((record) => record.revision === revision);

  for (const { revision, ...step } of decision.migrate) {
    const record = recordOf(revision);
    if (!record) continue;
    // The migration reads the release's own configuration.
    pushApply(grow, snapshot, owned(record.manifests.configMap, owner), settled);
    const { inputs } = record;
    const job = stamped(owned(MIGRATIONS.of(snapshot.resolved, { revision, inputs }, step), owner));
    // A Job cannot be changed: one that an earlier version of the operator has begun is left to end.
    if (snapshot.live(job)) continue;
    const guarded: GuardedAction = { type: 'migrate', revision, phase: step.phase };
    grow.push({
      type: 'applyGuarded',
      manifest: job,
      guarded,
      why: `step ${step.phase} begins`,
      isNew: true,
    });
  }
  for (const [revision, replicas] of Object.entries(decision.replicas)) {
    const record = recordOf(revision);
    if (!record) continue;
    const { deployment, service, configMap } = record.manifests;
    for (const manifest of [configMap, service]) pushApply(grow, snapshot, owned(manifest, owner), settled);
    const restartedAt = decision.memory.restarts?.find((one) => one.revision === revision)?.at;
    const sized = stamped(owned(withReplicas(deployment, replicas, restartedAt), owner));
    const live = snapshot.live(sized);
    const why = reasonToApply(sized, live, settled);
    if (!why) continue;
    const shrinks = replicas < (snapshot.views.find((view) => view.revision === revision)?.replicas ?? 0);
    (shrinks ? shrink : grow).push({
      type: 'applyGuarded',
      manifest: sized,
      guarded: { type: 'scale', revision, replicas },
      why: `${why}: ${replicas} replicas`,
      isNew: live === undefined,
      ...(shrinks && live ? { resourceVersion: live.metadata.resourceVersion } : {}),
    });
  }
  const route = routerActions(snapshot, decision, owner, settled);
  for (const revision of decision.remove) {
    const guarded: GuardedAction = { type: 'remove', revision };
    const objects = ['Service', 'ConfigMap'].map((kind) => ({ kind, name: its.revision(revision) }));
    // A finished migration stays as a record that it ran; one that never began must not begin later.
    const view = snapshot.views.find((candidate) => candidate.revision === revision);
    for (const phase of PHASES)
      if (view?.schema?.[phase].state === 'running')
        objects.push({ kind: 'Job', name: its.migration(revision, phase) });
    // Last, because by it the next look sees that the revision is not gone yet.
    objects.push({ kind: 'Deployment', name: its.revision(revision) });
    for (const { kind, name } of objects) {
      const live = snapshot.live({
        kind,
        metadata: { name, namespace: snapshot.resolved.namespace },
      });
      if (live) {
        shrink.push({
          type: 'delete',
          kind,
          name: live.metadata.name,
          uid: live.metadata.uid,
          resourceVersion: live.metadata.resourceVersion,
          guarded,
          why: 'it gets no requests any more',
        });
      }
    }
  }
  // More capacity first, then the traffic, and only then less capacity.
  return [...forgetActions(snapshot, decision), ...grow, ...route, ...shrink];
}

/** Jobs of a migration that are to be done again: the next look finds them missing. */
function forgetActions(snapshot: Snapshot, { forget }: RolloutDecision): Action[] {
  const { name, namespace } = snapshot.resolved;
  return forget.flatMap(({ revision, phase }): Action[] => {
    const live = snapshot.live({
      kind: 'Job',
      metadata: { name: names(name).migration(revision, phase), namespace },
    });
    if (!live || live.metadata.deletionTimestamp) return [];
    const { uid, resourceVersion } = live.metadata;
    const why = `step ${phase} is done again`;
    return [{ type: 'delete', kind: 'Job', name: live.metadata.name, uid, resourceVersion, why }];
  });
}

/** Old records are history: the newest that nothing refers to are kept, besides those of releases that served. */
function pruneActions(snapshot: Snapshot, decision: RolloutDecision): Action[] {
  const its = names(snapshot.resolved.name);
  const { stable, candidate, rejected, retired, history, undone } = decision.memory;
  const { historyLimit } = snapshot.resolved.spec.rollout;
  const used = new Set([
    snapshot.desired,
    ...[stable, candidate, rejected, undone, ...(retired ?? []), ...(history ?? [])].map(
      (entry) => entry?.revision,
    ),
  ]);
  const views = new Map(snapshot.views.map((view) => [view.revision, view]));
  const unused = snapshot.records
    .filter((record) => !used.has(record.revision) && views.get(record.revision)?.replicas === undefined)
    .sort((a, b) => b.number - a.number)
    .slice(historyLimit);
  const why = `only ${historyLimit} former releases are kept (rollout.historyLimit)`;
  return unused.flatMap(({ revision }): Action[] => [
    ...jobsOf(snapshot, revision).map((name): Action => ({ type: 'delete', kind: 'Job', name, why })),
    { type: 'delete', kind: 'ConfigMap', name: its.revision(revision), why },
    { type: 'delete', kind: 'ControllerRevision', name: its.revision(revision), why },
  ]);
}

/** Names of the Jobs of a revision that are there. */
function jobsOf({ resolved, live }: Snapshot, revision: string): string[] {
  const { name, namespace } = resolved;
  return PHASES.map((phase) => names(name).migration(revision, phase)).filter(
    (job) => live({ kind: 'Job', metadata: { name: job, namespace } }) !== undefined,
  );
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

function firstViolation(
  actions: Action[],
  snapshot: Snapshot,
  decision: RolloutDecision,
): string | undefined {
  const { replicas, autoscaling, rollout } = snapshot.resolved.spec;
  const size = replicas ?? autoscaling.minReplicas;
  const isRolling = rollout.strategy === 'rolling';
  let world: World = {
    revisions: snapshot.views,
    route: snapshot.route,
    router: snapshot.resolved.spec.routing.mode,
    replicas: size,
    maxUnavailable: isRolling ? bounds(rollout.rolling, size).missing : 0,
    schema: {
      now: snapshot.now,
      migration: snapshot.migration,
      rollbackWindow: snapshot.resolved.spec.rollout.rollbackWindow,
      stable: snapshot.environment.status?.stable ?? decision.memory.stable,
    },
  };
  for (const action of actions) {
    if (!('guarded' in action) || !action.guarded) continue;
    const violated = violatedBy(action.guarded, world);
    if (violated) return violated;
    // Each may take pods away that are not needed, and all of them together may not.
    if (action.guarded.type === 'scale') world = scaled(world, action.guarded);
  }
  return undefined;
}

/** The world after pods were taken away: what a Service leaves to others has to be enough once more. */
function scaled(world: World, { revision, replicas }: { revision: string; replicas: number }): World {
  const of = (view: RevisionView) =>
    view.revision === revision && replicas < (view.replicas ?? 0)
      ? { ...view, replicas, ready: Math.min(view.ready, replicas) }
      : view;
  return { ...world, revisions: world.revisions.map(of) };
}

function pushApply(
  actions: Action[],
  snapshot: Snapshot,
  manifest: Manifest,
  settled: (live: Live) => boolean,
): void {
  const marked = stamped(manifest);
  const live = snapshot.live(marked);
  const why = reasonToApply(marked, live, settled);
  if (why) actions.push({ type: 'apply', manifest: marked, why, isNew: live === undefined });
}

function changesPods(action: Action): boolean {
  return action.type === 'apply' && ['Deployment', 'StatefulSet'].includes(action.manifest.kind);
}

/** The last answer for a frozen Deployment: the same object is stamped and compared once. */
const SIZED = new WeakMap<Manifest, { replicas: number; restartedAt: string | undefined; sized: Manifest }>();

const RESTARTED_AT = 'cryptosense.io/restarted-at';

function withReplicas(deployment: Manifest, replicas: number, restartedAt: string | undefined): Manifest {
  const known = SIZED.get(deployment);
  if (known?.replicas === replicas && known.restartedAt === restartedAt) return known.sized;
  const spec = { ...(deployment.spec as { template: Manifest }), replicas };
  if (restartedAt !== undefined) spec.template = restarted(spec.template, restartedAt);
  const sized = { ...deployment, spec };
  if (!Object.isFrozen(deployment)) return sized;
  Object.freeze(spec);
  SIZED.set(deployment, { replicas, restartedAt, sized: Object.freeze(sized) });
  return sized;
}

/** Another template makes other pods, which the Deployment brings up one by one before the old ones go. */
function restarted(template: Manifest, at: string): Manifest {
  const { annotations } = template.metadata;
  return {
    ...template,
    metadata: { ...template.metadata, annotations: { ...annotations, [RESTARTED_AT]: at } },
  };
}
