import project from '../../package.json' with { type: 'json' };
import { names, selectorOf } from '../api/resolved.ts';
import type { Condition, EnvironmentStatus } from '../api/status.ts';
import { notificationsReady } from '../notifications/condition.ts';
import { outboxOf } from '../notifications/outbox.ts';
import type { RolloutDecision, RolloutMemory } from '../rollout/state.ts';
import { CUSTOM_METRICS } from './autoscaling.ts';
import { backupReady, backupStatus } from './backup-status.ts';
import { databaseStatus, type LoginStatus } from './database-status.ts';
import { REFRESH } from './forms.ts';
import { gatewayAddress, gatewayProblem } from './gateway.ts';
import { isOpen, nextOpening } from './maintenance.ts';
import { rehearsalStatus } from './restores.ts';
import type { Snapshot } from './snapshot.ts';

const { version } = project;

/** Conditions that stay when a plan says nothing about them. */
const KEPT = new Set(['UpToDate', 'SchemaReady']);

/** What the plan came to: a decision, or why there is none. */
export interface Outcome {
  decision?: RolloutDecision;
  problems?: string[];
  violation?: string;
  /** Components that run in the form of an earlier version of the operator. */
  outdated?: string[];
  /** Workloads are being written: what the snapshot says of their pods is about those of before. */
  isWriting?: boolean;
  /** The rotation of the login, where the plan looked at it. */
  login?: LoginStatus | undefined;
  /** A write that the API server will go on refusing. */
  refused?: string;
  /** An object of somebody else has the name of one of the environment's. */
  notOurs?: string;
}

export type Verdict = Pick<Condition, 'status' | 'reason' | 'message'>;

/** The status to be written: pure, and equal for equal input, so that a status that says nothing new is not written. */
export function statusOf(snapshot: Snapshot, outcome: Outcome): EnvironmentStatus {
  const { environment, now } = snapshot;
  const before = environment.status ?? {};
  const { decision } = outcome;
  const memory = decision?.memory ?? before;
  const stalled = stalledBy(outcome, snapshot);

  const verdicts: Record<string, Verdict> = {
    DatabaseReady: workload(snapshot.workloads.database),
    PoolerReady: workload(snapshot.workloads.pooler),
    CacheReady: workload(snapshot.workloads.cache),
    // Not among those that Ready and Reconciling wait for: the API serves without it.
    ...(snapshot.workloads.predictor ? { PredictorReady: workload(snapshot.workloads.predictor) } : {}),
    ApiReady: apiReady(snapshot, memory),
    RoutingReady: routingReady(snapshot),
    MonitoringReady: monitoringReady(snapshot),
    RolledBack: rolledBack(memory),
    CommandAccepted: commandAccepted(memory),
  };
  // A plan that came to no decision has not looked at the forms.
  if (decision) verdicts.UpToDate = upToDate(snapshot, outcome.outdated ?? []);
  if (decision?.schema) {
    const { ready, reason, message } = decision.schema;
    verdicts.SchemaReady = verdict(ready ? 'True' : 'False', reason, message);
  }
  const { paused } = snapshot.resolved.spec;
  verdicts.Paused = paused
    ? verdict('True', 'AskedFor', 'spec.paused is true: nothing is changed until it is false.')
    : verdict('False', 'NotPaused', 'Changes are carried out.');
  verdicts.AllFieldsInEffect = allFieldsInEffect(snapshot);
  const backedUp = backupReady(snapshot);
  if (backedUp) verdicts.BackupReady = backedUp;
  const database = databaseStatus(snapshot, 'login' in outcome ? outcome.login : before.database?.login);
  const backup = backupStatus(snapshot);
  const { verdict: rehearsed, lastDrill } = rehearsalStatus(snapshot);
  if (rehearsed) verdicts.RestoreRehearsed = rehearsed;
  const notifications = outboxOf(snapshot, decision, stalled);
  const told = notificationsReady(snapshot, notifications);
  if (told) verdicts.NotificationsReady = told;
  const missing = ['DatabaseReady', 'PoolerReady', 'CacheReady', 'ApiReady', 'RoutingReady'].filter(
    (type) => verdicts[type]?.status !== 'True',
  );
  verdicts.Ready =
    missing.length === 0
      ? verdict('True', 'Serving', 'Every component is ready and the stable release serves.')
      : verdict('False', missing[0] as string, missing.map((type) => verdicts[type]?.message).join(' '));
  const { workloads } = snapshot;
  const moving = [workloads.database, workloads.pooler, workloads.cache].find((one) => !one.settled);
  const working =
    !stalled &&
    !paused &&
    (decision?.progressing === true ||
      missing.length > 0 ||
      moving !== undefined ||
      outcome.isWriting === true);
  verdicts.Reconciling = working
    ? verdict(
        'True',
        memory.candidate ? 'RollingOut' : 'Progressing',
        (decision?.progressing ? decision.summary : moving?.message) ||
          'The environment is being brought into the state of its spec.',
      )
    : paused
      ? verdict('False', 'Paused', 'Nothing is changed while spec.paused is true.')
      : verdict('False', 'Settled', 'There is nothing left to do.');
  verdicts.Stalled = stalled ?? verdict('False', 'NotStalled', 'Nothing stands in the way.');

  const stableView = snapshot.views.find((view) => view.revision === memory.stable?.revision);
  const conditions = Object.entries(verdicts).map(([type, value]) =>
    transition(before.conditions, type, value, environment.metadata.generation, now),
  );
  // What this plan has not looked at is as it was.
  const kept = before.conditions?.filter(({ type }) => KEPT.has(type) && !verdicts[type]) ?? [];
  conditions.push(...kept);
  const pausedSince = paused ? (before.pausedSince ?? new Date(now).toISOString()) : undefined;
  const waiting = waitingFor(conditions, stalled ? missing : [...missing, 'SchemaReady']);
  return {
    observedGeneration: environment.metadata.generation,
    conditions,
    summary: (stalled?.message ?? (paused ? 'paused' : decision?.summary) ?? before.summary ?? '').slice(
      0,
      1024,
    ),
    ...(waiting.length > 0 ? { waitingFor: waiting } : {}),
    // It stays until a decision has made up for it.
    ...(pausedSince
      ? { pausedSince }
      : !decision && before.pausedSince
        ? { pausedSince: before.pausedSince }
        : {}),
    operatorVersion: version,
    components: Object.entries(snapshot.workloads).map(([name, { image, pods, readyPods }]) => ({
      name,
      ...(image === undefined ? {} : { image }),
      pods,
      readyPods,
    })),
    endpoints: endpointsOf(snapshot),
    replicas: podsOf(snapshot, memory.stable?.revision),
    readyReplicas: stableView?.ready ?? 0,
    ...(memory.stable
      ? { stable: memory.stable, selector: selectorOf(snapshot.resolved.name, memory.stable.revision) }
      : {}),
    ...rolloutMemory(memory),
    ...(database ? { database } : {}),
    ...(backup ? { backup: { ...backup, ...(lastDrill ? { lastDrill } : {}) } } : {}),
    ...(notifications.length > 0 ? { notifications } : {}),
    endpoint: endpointOf(snapshot),
  };
}

/** What the rollout remembers from one look to the next, apart from the stable release. */
function rolloutMemory(memory: RolloutMemory): Partial<EnvironmentStatus> {
  const { candidate, rejected, retired, deployingSince, undone, history, restarts, commands, lastCommand } =
    memory;
  return {
    ...(candidate ? { candidate } : {}),
    ...(rejected ? { rejected } : {}),
    ...(retired?.length ? { retired } : {}),
    ...(deployingSince ? { deployingSince } : {}),
    ...(undone ? { undone } : {}),
    ...(history?.length ? { history } : {}),
    ...(restarts?.length ? { restarts } : {}),
    ...(commands?.length ? { commands } : {}),
    ...(lastCommand ? { lastCommand } : {}),
  };
}

function rolledBack({ rejected, undone }: RolloutMemory): Verdict {
  if (rejected)
    return verdict('True', rejected.reason, `${rejected.image} was rolled back: ${rejected.message}`);
  if (undone)
    return verdict(
      'True',
      'Undone',
      `${undone.image} was gone back to by command; the release that the spec asks for is not used until it changes, or until a retry.`,
    );
  return verdict('False', 'NothingRolledBack', 'The release that the spec asks for was not rolled back.');
}

function commandAccepted({ lastCommand }: RolloutMemory): Verdict {
  if (!lastCommand) return verdict('True', 'NoCommand', 'No command was given.');
  const { verb, target, accepted, message } = lastCommand;
  return verdict(
    accepted ? 'True' : 'False',
    accepted ? 'Accepted' : 'Refused',
    `${verb} ${target}: ${message}.`,
  );
}

function endpointOf(snapshot: Snapshot): string {
  const { name, namespace, spec } = snapshot.resolved;
  const { mode, gateway, hostnames, tls } = spec.routing;
  if (mode === 'service') return `http://${names(name).api}.${namespace}.svc`;
  const host = hostnames[0] ?? gatewayAddress(snapshot);
  if (host === undefined) return `any host of Gateway ${gateway.namespace}/${gateway.name}`;
  return `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}`;
}

function endpointsOf({ resolved }: Snapshot): NonNullable<EnvironmentStatus['endpoints']> {
  const its = names(resolved.name);
  const at = (service: string, port: number) => `${service}.${resolved.namespace}.svc:${port}`;
  return {
    pooler: at(its.pooler, 6432),
    database: at(its.database, 5432),
    cache: at(its.cache, 6379),
    credentials: its.credentials,
  };
}

/** What is not as it should be, and since when; a roll-out is itself what is waited for. */
function waitingFor(
  conditions: Condition[],
  missing: string[],
): NonNullable<EnvironmentStatus['waitingFor']> {
  const of = (type: string) => conditions.find((condition) => condition.type === type);
  const found = ['Stalled', ...missing].map(of).filter((condition) => condition !== undefined);
  const bad = found.filter(({ type, status }) => (type === 'Stalled') === (status === 'True'));
  const reconciling = of('Reconciling');
  if (bad.length === 0 && reconciling?.status === 'True') bad.push(reconciling);
  return bad.map(({ message, lastTransitionTime }) => ({
    what: message.slice(0, 1024),
    since: lastTransitionTime,
  }));
}

/** Nobody shall believe that something is done which this version only takes down. */
function allFieldsInEffect({ resolved, customMetrics }: Snapshot): Verdict {
  const { autoscaling } = resolved.spec;
  const without = [
    ...(autoscaling.requestsPerMinute !== undefined && !customMetrics
      ? [
          `spec.autoscaling.requestsPerMinute: the cluster serves no ${CUSTOM_METRICS}, so only CPU counts; install an adapter such as prometheus-adapter`,
        ]
      : []),
  ];
  return without.length === 0
    ? verdict('True', 'InEffect', 'Every field of the spec has its effect.')
    : verdict('False', 'WithoutEffect', `${without.join('. ')}.`);
}

/** Pods of a revision that exist. */
function podsOf(snapshot: Snapshot, revision: string | undefined): number {
  if (revision === undefined) return 0;
  const { name, namespace } = snapshot.resolved;
  const metadata = { name: names(name).revision(revision), namespace };
  const status = snapshot.live({ kind: 'Deployment', metadata })?.status as { replicas?: number } | undefined;
  return status?.replicas ?? 0;
}

function stalledBy(
  { decision, problems, violation, refused, notOurs }: Outcome,
  { settingsCheck }: Snapshot,
): Verdict | undefined {
  if (problems)
    return verdict('True', 'InvalidSpec', `Nothing is changed until this is mended: ${problems.join('; ')}.`);
  if (violation) return verdict('True', 'InvariantViolated', violation);
  if (notOurs) return verdict('True', 'NotOurs', notOurs);
  if (refused) return verdict('True', 'WriteRefused', refused);
  if (settingsCheck?.state === 'refused') return verdict('True', 'ParametersRefused', settingsCheck.message);
  if (decision?.blocked) return verdict('True', decision.blocked.reason, decision.blocked.message);
  return undefined;
}

function apiReady(snapshot: Snapshot, memory: Pick<EnvironmentStatus, 'stable'>): Verdict {
  const view = snapshot.views.find((candidate) => candidate.revision === memory.stable?.revision);
  if (!memory.stable) return verdict('False', 'NotDeployed', 'The first release is being deployed.');
  const ready = view?.ready ?? 0;
  const message = `${ready} of ${view?.replicas ?? 0} pods of ${memory.stable.image} are ready.`;
  return ready > 0 ? verdict('True', 'Serving', message) : verdict('False', 'NoReadyPod', message);
}

function routingReady(snapshot: Snapshot): Verdict {
  const { name, namespace, spec } = snapshot.resolved;
  const { gateway, mode } = spec.routing;
  const byService = mode === 'service';
  if (!byService && !snapshot.has('HTTPRoute')) {
    return verdict(
      'False',
      'GatewayApiMissing',
      'The cluster has no HTTPRoute resource: install the Gateway API (standard channel) and a gateway.',
    );
  }
  const problem = byService ? undefined : gatewayProblem(snapshot);
  if (problem) return verdict('False', problem.reason, problem.message);
  const { route } = snapshot;
  if (!route)
    return verdict(
      'False',
      'NotRouted',
      `${names(name).api} has no route yet: it gets one with the first ready pod.`,
    );
  const title = byService
    ? `Service ${namespace}/${names(name).api}`
    : `Gateway ${gateway.namespace}/${gateway.name}`;
  // Behind a Service pods come and go all the time: only one that leads nowhere is no route.
  const isBad = byService ? Object.keys(route.weights).length === 0 : route.problem !== undefined;
  if (isBad)
    return verdict('False', 'NotConfirmed', `${title}: ${route.problem ?? 'it finds no ready pod'}.`);
  // While new weights settle, the gateway serves all the same.
  return verdict('True', 'Accepted', `${title} ${byService ? 'leads' : 'routes'} to the API.`);
}

/** Said with the moment, because an outdated component may have a hole that the new form closes. */
function upToDate({ resolved, now }: Snapshot, outdated: string[]): Verdict {
  if (outdated.length === 0)
    return verdict(
      'True',
      'NewestForm',
      'Every component has the form that this version of the operator gives it.',
    );
  const { window } = resolved.spec.maintenance;
  const when = isOpen(window, now)
    ? 'now, one after the other'
    : `in the maintenance window that opens at ${new Date(nextOpening(window, now)).toISOString()}`;
  return verdict(
    'False',
    'RenewalPending',
    `${outdated.join(', ')}: still in the form of an earlier version of the operator, so that its upgrade restarts no pod. Renewed ${when}; at once with the annotation ${REFRESH} (any new value).`,
  );
}

/** Whether Prometheus is told of the pods. Nobody is served worse without: Ready does not depend on it. */
function monitoringReady(snapshot: Snapshot): Verdict {
  const { enabled } = snapshot.resolved.spec.observability.serviceMonitor;
  if (!enabled)
    return verdict('True', 'SwitchedOff', 'observability.serviceMonitor.enabled is false: there is none.');
  return snapshot.has('ServiceMonitor')
    ? verdict('True', 'Written', 'A ServiceMonitor tells Prometheus of the pods.')
    : verdict(
        'False',
        'ServiceMonitorMissing',
        'The cluster has no ServiceMonitor resource: the pods are scraped once the Prometheus operator is installed.',
      );
}

function workload({ ready, message }: { ready: boolean; message: string }): Verdict {
  return verdict(ready ? 'True' : 'False', ready ? 'Available' : 'NotAvailable', message);
}

function verdict(status: Condition['status'], reason: string, message: string): Verdict {
  return { status, reason, message: message.slice(0, 2048) };
}

/** A condition keeps its transition time as long as its status does not change. */
export function transition(
  before: Condition[] | undefined,
  type: string,
  value: Verdict,
  generation: number,
  now: number,
): Condition {
  const old = before?.find((condition) => condition.type === type);
  const lastTransitionTime =
    old?.status === value.status ? old.lastTransitionTime : new Date(now).toISOString();
  return { type, ...value, observedGeneration: generation, lastTransitionTime };
}
