import { renderComponents, renderRevision } from '../../charts/render.ts';
import { type Environment, type ResolvedEnvironment, releaseInputs } from '../api/resolved.ts';
import { KubeError } from '../kube/errors.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Log } from '../kube/log.ts';
import type { KubeClient } from '../kube/transport.ts';
import { canonicalJson, revisionOf } from '../rollout/revision.ts';
import type { Note } from '../rollout/state.ts';
import { Actor } from './act.ts';
import type { Caches } from './caches.ts';
import { measureWhenDue } from './measure.ts';
import { observe } from './observe.ts';
import { makePlan, type Rendered } from './plan.ts';

/** Brings one environment nearer to its spec at each call: observe -> plan -> act. */
export class EnvironmentReconciler {
  readonly #caches: Caches;
  readonly #events: EventRecorder;
  readonly #log: Log;
  readonly #actor: Actor;
  /** Uids of environments whose credentials this process has made sure of. */
  readonly #credentials = new Set<string>();
  /** Rendering is the dear part: it is done once for each set of inputs. */
  readonly #rendered = new Map<string, { inputs: string; rendered: Rendered }>();

  constructor(options: {
    client: KubeClient;
    caches: Caches;
    events: EventRecorder;
    log: Log;
    assertLeading: () => void;
  }) {
    this.#caches = options.caches;
    this.#events = options.events;
    this.#log = options.log;
    this.#actor = new Actor(options);
  }

  /** `key` is "namespace/name". Returns when to look again if nothing else happens. */
  reconcile = async (key: string): Promise<{ requeueAfterMs?: number } | undefined> => {
    const [namespace = '', name = ''] = key.split('/');
    const environment = this.#caches.environment(namespace, name);
    if (!environment || environment.metadata.deletionTimestamp) {
      this.#forget(key, environment);
      return undefined;
    }
    try {
      return await this.#bring(key, environment);
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

  async #bring(key: string, environment: Environment): Promise<{ requeueAfterMs?: number } | undefined> {
    const { uid } = environment.metadata;
    const now = Date.now();
    const measured = await measureWhenDue(this.#caches, environment, now);
    const credentials = this.#credentials.has(uid);
    const snapshot = observe(this.#caches, environment, {
      now,
      credentials,
      ...(measured ? { measured } : {}),
    });
    const plan = makePlan(snapshot, this.#render(key, snapshot.resolved), this.#actor.settled);

    for (const action of plan.actions) {
      const what =
        'manifest' in action ? `${action.manifest.kind}/${action.manifest.metadata.name}` : action.type;
      this.#log.info('write', { environment: key, what, ...('why' in action ? { why: action.why } : {}) });
      try {
        await this.#actor.perform(action, environment);
      } catch (error) {
        // The world moved on since the plan was made: look at it again.
        if (error instanceof KubeError && error.code === 409) return { requeueAfterMs: 200 };
        throw error;
      }
      if (action.type === 'createCredentials') this.#credentials.add(uid);
    }
    for (const note of plan.notes) {
      this.#log.info('event', { environment: key, ...note });
      this.#record(environment, note);
    }
    await this.#actor.writeStatus(environment, plan.status);
    return plan.againInMs === undefined ? undefined : { requeueAfterMs: plan.againInMs };
  }

  #record(regarding: Environment, { type, reason, message }: Note): void {
    this.#events.event({ regarding, type, reason, note: message, action: 'Reconcile' });
  }

  #render(key: string, resolved: ResolvedEnvironment): Rendered {
    const inputs = canonicalJson({ ...resolved, spec: { ...resolved.spec, replicas: 0 } });
    const known = this.#rendered.get(key);
    if (known?.inputs === inputs) return known.rendered;
    const components = renderComponents(resolved);
    const release = releaseInputs(resolved);
    const revision = { revision: revisionOf(release), inputs: release };
    const rendered: Rendered = {
      components: Object.values(components).flat(),
      desired: renderRevision(resolved, revision),
    };
    this.#rendered.set(key, { inputs, rendered });
    return rendered;
  }

  #forget(key: string, environment: Environment | undefined): void {
    this.#rendered.delete(key);
    if (environment) this.#credentials.delete(environment.metadata.uid);
  }
}
