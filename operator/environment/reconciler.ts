import { renderComponents } from '../../charts/render.ts';
import type { Environment, ReleaseInputs } from '../api/resolved.ts';
import type { EnvironmentStatus } from '../api/status.ts';
import { RESTORE_KIND } from '../api/well-known.ts';
import { answered } from '../kube/errors.ts';
import type { EventRecorder, Regarding } from '../kube/events.ts';
import { parts } from '../kube/interner.ts';
import type { Log } from '../kube/log.ts';
import { asSpan, tellSpan } from '../kube/spans.ts';
import type { KubeClient } from '../kube/transport.ts';
import type { Notifier } from '../notifications/notifier.ts';
import { withoutDone } from '../notifications/outbox.ts';
import { canonicalJson } from '../rollout/revision.ts';
import type { Note, RolloutDecision } from '../rollout/state.ts';
import { Actor } from './act.ts';
import type { Action } from './actions.ts';
import { NotOursError } from './adoption.ts';
import { ArchiveWatch, type AskAgent } from './archive-watch.ts';
import type { Caches } from './caches.ts';
import { statusOf } from './conditions.ts';
import { Measurements } from './measure/measurements.ts';
import type { Ask } from './measure/pods.ts';
import { observe } from './observe.ts';
import { reasonOf } from './outcome.ts';
import { makePlan, type Rendered } from './plan.ts';
import { missingKinds, type Objects, objectsOf, renderedFrom } from './rendering.ts';
import { lostRestoreAction } from './restores.ts';
import { answerOf } from './router.ts';
import { servingRelease } from './serving.ts';
import type { Snapshot } from './snapshot.ts';
import { eachOf, stagesOf } from './stages.ts';
import { StatusPace } from './status-pace.ts';
import { isLeaving, observeRemains, planTeardown, refusalOf } from './teardown.ts';
import { shapeOf, Templates } from './templates.ts';
import type { WatchToPlan } from './watch-to-plan.ts';

const FIRST_LOOK_AGAIN_MS = 200;
const NAMESPACE_ENDS_MS = 5000;
const NOT_OURS_MS = 15_000;
/** What is not looked at again so soon may be rendered anew then. */
const REST_MS = 30_000;
/** With four workers all of the client's connections are used, and no more. */
const WRITES_AT_ONCE = 8;
/** So many times in a row are no coincidence. */
const MOST_OVERTAKEN = 8;

interface Failure {
  action: Action;
  error: unknown;
}

/** Brings one environment nearer to its spec at each call: observe -> plan -> act. */
export class EnvironmentReconciler {
  readonly #caches: Caches;
  readonly #events: EventRecorder;
  readonly #log: Log;
  readonly #actor: Actor;
  readonly #measurements: Measurements;
  readonly #archive: ArchiveWatch;
  readonly #templates: Templates<[serving: ReleaseInputs | undefined, missing: string[]], Objects>;
  readonly #watchToPlan: WatchToPlan | undefined;
  readonly #notifier: Notifier | undefined;
  /** Uid of the environment with this key whose credentials this process has made sure of. */
  readonly #credentials = new Map<string, string>();
  /** How often in a row the world had moved on when a plan was carried out. */
  readonly #overtaken = new Map<string, number>();
  readonly #pace = new StatusPace();
  /** When the gateway's answer was first seen, and for which generation of which route. */
  readonly #answers = new Map<string, { route: string; at: number | undefined; seen: boolean }>();
  /** What was rendered last, and from which inputs, of environments that something is done in; of a thousand at rest it would be most of the memory. */
  readonly #rendered = new Map<string, { inputs: string; rendered: Rendered }>();

  constructor(options: {
    client: KubeClient;
    caches: Caches;
    events: EventRecorder;
    log: Log;
    assertLeading: () => void;
    /** The charts; another version of the operator has others. */
    renderComponents?: typeof renderComponents;
    watchToPlan?: WatchToPlan;
    /** Asks for a look at the environment with this key: something that it waited for is there. */
    wake?: (key: string) => void;
    /** How the pages of pods are asked for. */
    ask?: Ask;
    /** How the agents beside the database are asked. */
    askAgent?: AskAgent;
    notifier?: Notifier;
  }) {
    const { wake = () => {} } = options;
    this.#measurements = new Measurements({ ...options, wake });
    this.#archive = new ArchiveWatch({
      caches: options.caches,
      wake,
      ...(options.askAgent ? { ask: options.askAgent } : {}),
    });
    this.#watchToPlan = options.watchToPlan;
    this.#notifier = options.notifier;
    this.#caches = options.caches;
    this.#events = options.events;
    this.#log = options.log;
    this.#actor = new Actor(options);
    const render = options.renderComponents ?? renderComponents;
    this.#templates = new Templates((environment, serving, missing) =>
      objectsOf(environment, serving, missing, render),
    );
  }

  /** `key` is "namespace/name". Returns when to look again if nothing else happens. */
  reconcile = async (key: string): Promise<{ requeueAfterMs?: number } | undefined> => {
    const [namespace = '', name = ''] = key.split('/');
    const waiting = this.#watchToPlan?.taken(key);
    const environment = this.#caches.environment(namespace, name);
    const isLeft = environment?.metadata.deletionTimestamp !== undefined && !isLeaving(environment);
    if (!environment || isLeft) {
      this.#forget(key);
      tellSpan({ 'reconcile.reason': 'Gone' });
      const restores = this.#caches.of(RESTORE_KIND, namespace, name);
      const action = lostRestoreAction(restores, Date.now());
      if (action) await this.#actor.perform(action, { metadata: { name, namespace } } as Environment);
      return undefined;
    }
    try {
      return isLeaving(environment)
        ? await this.#takeDown(key, environment)
        : await this.#bring(key, environment, waiting?.planned);
    } catch (error) {
      // Whoever looks at the environment must see that it is stuck, and on what.
      this.#record(environment, {
        type: 'Warning',
        reason: 'ReconcileFailed',
        message: `${error instanceof Error ? error.message : String(error)}; it is tried again`,
      });
      throw error;
    }
  };

  /** After the last reconciliation: what was delivered since is not delivered again by the next process. */
  async stop(): Promise<void> {
    this.#archive.stop();
    for (const [key, deliveries] of (await this.#notifier?.stop()) ?? []) {
      const [namespace = '', name = ''] = key.split('/');
      const environment = this.#caches.environment(namespace, name);
      if (!environment?.status) continue;
      const notifications = withoutDone(environment.status.notifications, deliveries);
      await this.#actor
        .writeStatus(environment, { ...environment.status, notifications })
        .catch((error: unknown) => this.#log.debug('A delivery could not be written down', { error }));
    }
  }

  /** `planned` is called when the plan is made. */
  async #bring(
    key: string,
    environment: Environment,
    planned: () => void = () => {},
  ): Promise<{ requeueAfterMs?: number } | undefined> {
    const { uid } = environment.metadata;
    const now = Date.now();
    const credentials = this.#credentials.get(key) === uid;
    const answeredAt = this.#answered(key, environment, now);
    const deliveries = this.#notifier?.look(key, environment);
    const snapshot = asSpan('observe', {}, () =>
      observe(this.#caches, environment, {
        now,
        ...(deliveries ? { deliveries } : {}),
        credentials,
        archive: this.#archive.look(key, environment),
        refusals: this.#actor.refusals(key),
        ...(answeredAt === undefined ? {} : { answeredAt }),
        measured: this.#measurements.look(key, environment, now),
      }),
    );
    const rendered = asSpan('render', {}, () => this.#render(key, snapshot));
    const plan = asSpan('plan', {}, () => makePlan(snapshot, rendered, this.#actor.settled));
    tellSpan({
      'reconcile.reason': reasonOf(plan.status),
      'reconcile.actions': plan.actions.length + plan.components.length,
    });
    planned();

    const failures: Failure[] = [];
    for (const action of plan.actions) {
      const error = await this.#try(key, environment, action);
      if (error === undefined) continue;
      failures.push({ action, error });
      break;
    }
    // What the plan decided is done, or as if it had not been decided.
    const decided = failures.length === 0;
    for (const stage of stagesOf(plan.components)) {
      await eachOf(stage, WRITES_AT_ONCE, async (action) => {
        const error = await this.#try(key, environment, action);
        if (error !== undefined) failures.push({ action, error });
      });
    }
    const fatal = failures.find(({ error }) => !movedOn(error)) ?? failures[0];
    if (decided) {
      for (const note of plan.notes) {
        this.#log.info('event', {
          environment: key,
          type: note.type,
          reason: note.reason,
          note: note.message,
        });
        this.#record(environment, note);
      }
    }
    // The environment's own deletion follows, and is told by the watch.
    if (fatal && namespaceEnds(fatal.error)) return { requeueAfterMs: NAMESPACE_ENDS_MS };
    if (fatal && !movedOn(fatal.error)) {
      await this.#report(snapshot, fatal, decided ? plan.decision : undefined);
      // What others do with their objects is not watched.
      if (fatal.error instanceof NotOursError) return { requeueAfterMs: NOT_OURS_MS };
      throw fatal.error;
    }
    if (fatal) return this.#lookAgainSoon(key, fatal.error);
    // An Event tells of something that the status has to remember, or it would be told again.
    const isTold = plan.notes.length > 0;
    const waitMs = isTold ? 0 : this.#pace.waitMs(key, environment.status, plan.status, now);
    try {
      if (waitMs === 0) await this.#actor.writeStatus(environment, plan.status);
    } catch (error) {
      if (movedOn(error)) return this.#lookAgainSoon(key, error);
      throw error;
    }
    this.#overtaken.delete(key);
    const againInMs = Math.min(
      plan.againInMs ?? Number.POSITIVE_INFINITY,
      waitMs || Number.POSITIVE_INFINITY,
    );
    const isAtRest = plan.actions.length + plan.components.length === 0 && againInMs >= REST_MS;
    if (isAtRest) this.#rendered.delete(key);
    return againInMs === Number.POSITIVE_INFINITY ? undefined : { requeueAfterMs: againInMs };
  }

  /** Resolves when nothing is being measured any more. */
  async measured(): Promise<void> {
    await this.#measurements.settled();
  }

  /** One step of a deletion; what it waits for is watched. */
  async #takeDown(key: string, environment: Environment): Promise<{ requeueAfterMs?: number } | undefined> {
    const remains = asSpan('observe', {}, () => observeRemains(this.#caches, environment, Date.now()));
    // A refusal stands until a try goes well: a status that changes to and fro would be its own reason to try again.
    const before = refusalOf(environment);
    const plan = asSpan('plan', {}, () => planTeardown(remains, before));
    tellSpan({ 'reconcile.reason': 'Deleting', 'reconcile.actions': plan.actions.length });
    const write = async (status: EnvironmentStatus | undefined) => {
      if (status) await this.#actor.writeStatus(environment, status);
    };
    try {
      // First: it is for this uid alone, and fails when an environment of the same name has come after this one.
      await write(plan.status);
      for (const note of plan.notes) this.#record(environment, note);
      for (const action of plan.actions) {
        const error = await this.#try(key, environment, action);
        if (error === undefined) continue;
        if (answered(error, 400, 403, 422)) {
          const what = `${nameOf(action)} is refused (${error.code} ${error.reason})`;
          if (!before?.startsWith(what))
            await write(planTeardown(remains, `${what}: ${error.message}`).status);
        }
        throw error;
      }
      if (before !== undefined) await write(planTeardown(remains).status);
    } catch (error) {
      if (movedOn(error)) return this.#lookAgainSoon(key, error);
      throw error;
    }
    this.#overtaken.delete(key);
    if (plan.actions.length > 0) return { requeueAfterMs: FIRST_LOOK_AGAIN_MS };
    return plan.againInMs === undefined ? undefined : { requeueAfterMs: plan.againInMs };
  }

  /** The error with which the write ended, if it did. */
  async #try(key: string, environment: Environment, action: Action): Promise<unknown> {
    this.#log.info('write', {
      environment: key,
      what: nameOf(action),
      ...('why' in action ? { why: action.why } : {}),
    });
    try {
      await this.#actor.perform(action, environment);
    } catch (error) {
      return error;
    }
    if (action.type === 'createCredentials') this.#credentials.set(key, environment.metadata.uid);
    if (action.type === 'report' && action.note) {
      const { kind, name, uid, note } = action;
      const { namespace } = environment.metadata;
      this.#record({ apiVersion: environment.apiVersion, kind, metadata: { name, namespace, uid } }, note);
    }
    return undefined;
  }

  /** The world moved on since the plan was made: it is looked at again, ever later if that goes on, and then said. */
  #lookAgainSoon(key: string, error: unknown): { requeueAfterMs: number } {
    const times = this.#overtaken.get(key) ?? 0;
    if (times >= MOST_OVERTAKEN) throw error;
    this.#overtaken.set(key, times + 1);
    return { requeueAfterMs: FIRST_LOOK_AGAIN_MS * 2 ** times };
  }

  /** A refusal stays until somebody does something: that is a condition, not only an Event that is gone in an hour. */
  async #report(snapshot: Snapshot, failure: Failure, decision: RolloutDecision | undefined): Promise<void> {
    const { error } = failure;
    const decided = decision ? { decision } : {};
    if (error instanceof NotOursError) {
      const { environment } = snapshot;
      const { message } = error;
      await this.#writeRefusal(environment, statusOf(snapshot, { notOurs: message, ...decided }));
      const isSaid = environment.status?.conditions?.some((condition) => condition.message === message);
      if (!isSaid) this.#record(environment, { type: 'Warning', reason: 'NotOurs', message });
      return;
    }
    if (!answered(error, 400, 403, 422)) return;
    const what = `${nameOf(failure.action)} is refused (${error.code} ${error.reason})`;
    const before = snapshot.environment.status?.conditions?.find(({ type }) => type === 'Stalled');
    // A text that has the time in it would be written, seen and tried again without end.
    const isSame = before?.status === 'True' && before.message.startsWith(what);
    const refused = isSame ? before.message : `${what}: ${error.message}`;
    await this.#writeRefusal(snapshot.environment, statusOf(snapshot, { refused, ...decided }));
  }

  async #writeRefusal(environment: Environment, status: EnvironmentStatus): Promise<void> {
    await this.#actor.writeStatus(environment, status).catch((second: unknown) => {
      this.#log.warn('The status cannot be written either', { error: second });
    });
  }

  /** When the cluster's answer to the newest route came; undefined when that was before this process. */
  #answered(key: string, environment: Environment, now: number): number | undefined {
    const { told: route, isAnswered: answered } = answerOf(this.#caches, environment);
    const known = this.#answers.get(key);
    if (known?.route === route && (known.at !== undefined || !known.seen)) return known.at;
    // An answer that was there before this process looked for the first time came at an unknown moment.
    const at = answered && known !== undefined ? now : undefined;
    this.#answers.set(key, { route, at, seen: !answered || known !== undefined });
    return at;
  }

  #record(regarding: Regarding, { type, reason, message }: Note): void {
    this.#events.event({ regarding, type, reason, note: message, action: 'Reconcile' });
  }

  #render(key: string, snapshot: Snapshot): Rendered {
    const { resolved } = snapshot;
    const serving = servingRelease(snapshot);
    const missing = missingKinds(snapshot);
    const inputs = `${shapeOf(resolved.spec).shape} ${missing} ${canonicalJson(serving)}`;
    const known = this.#rendered.get(key);
    if (known?.inputs === inputs) return known.rendered;
    const objects = parts.intern(this.#templates.of(resolved, serving, missing));
    const rendered = renderedFrom(objects, serving, resolved);
    this.#rendered.set(key, { inputs, rendered });
    return rendered;
  }

  #forget(key: string): void {
    this.#rendered.delete(key);
    this.#credentials.delete(key);
    this.#overtaken.delete(key);
    this.#answers.delete(key);
    this.#pace.forget(key);
    this.#measurements.forget(key);
    this.#archive.forget(key);
    this.#actor.forget(key);
    this.#notifier?.forget(key);
  }
}

function nameOf(action: Action): string {
  if ('manifest' in action) return `${action.manifest.kind}/${action.manifest.metadata.name}`;
  if (action.type === 'delete') return `${action.kind}/${action.name}`;
  return 'name' in action ? `${action.type} ${action.name}` : action.type;
}

/** Changed or gone since the plan was made, as also the environment itself may be. */
function movedOn(error: unknown): boolean {
  return answered(error, 404, 409);
}

/** Nothing can be made in a namespace that is being deleted, however often it is tried. */
function namespaceEnds(error: unknown): boolean {
  return (
    answered(error, 403) &&
    (error.details.causes ?? []).some(({ reason }) => reason === 'NamespaceTerminating')
  );
}
