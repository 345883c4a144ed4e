import { renderComponents } from '../../../charts/render.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { type Environment, LABELS, MANAGER } from '../../../operator/api/resolved.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import type { Caches } from '../../../operator/environment/caches.ts';
import { EnvironmentReconciler } from '../../../operator/environment/reconciler.ts';
import { environmentOf } from '../../../operator/environment/resources.ts';
import type { Live } from '../../../operator/environment/snapshot.ts';
import type { EventInput, EventRecorder } from '../../../operator/kube/events.ts';
import { silentLog } from '../../../operator/kube/log.ts';
import type { KubeObject } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import type { Verb } from '../../../operator/rollout/state.ts';
import { ApiServer, Killed } from './api-server.ts';
import { Cluster, type Release } from './cluster.ts';

const NAME = 'shop';
const NAMESPACE = 'market';
const KEY = `${NAMESPACE}/${NAME}`;

/** Steps of a second. */
const STEPS = 4;

export const QUICK: EnvironmentSpec = {
  tier: 'local',
  release: { image: 'api:1' },
  rollout: {
    canary: { steps: [{ weight: 10 }, { pause: '10s' }, { weight: 100 }], analysis: { interval: '5s' } },
    progressDeadline: '20s',
    scaleDownDelay: '5s',
  },
};

/**
 * The operator's own reconciler in front of an API server in a Map and a small cluster behind it. It is called as in
 * the real operator: when something has changed, or when the time has come that it asked for; what nobody wakes it
 * for stays undone.
 */
export class World {
  now: number;
  server: ApiServer;
  cluster: Cluster;
  readonly events: EventInput[] = [];
  /** Errors that a reconciliation ended with. */
  readonly failures: unknown[] = [];
  /** What the operator sees; another server's objects make its cache stale. */
  seen: () => ApiServer = () => this.server;
  reconciles = 0;
  servesCustomMetrics = false;
  /** Another version of the operator has other charts: used by the process that is started next. */
  charts: typeof renderComponents = renderComponents;
  /** Resource types that the cluster lacks. */
  readonly #lacking = new Set<string>();
  #reconciler: EnvironmentReconciler;
  #lookedAt = -1;
  #due = Number.POSITIVE_INFINITY;
  #isWoken = false;

  constructor(from?: World) {
    // A copy is another process, some time later: what the first one has just written has settled.
    this.now = from ? from.now + 10_000 : Date.parse('2026-01-05T10:00:00Z');
    this.server = new ApiServer(from?.server);
    this.server.clock = () => this.now;
    this.cluster = new Cluster(this.server);
    this.cluster.ledger.applied.push(...(from?.cluster.ledger.applied ?? []));
    for (const [image, release] of from?.cluster.releases ?? []) this.cluster.releases.set(image, release);
    for (const [revision, c] of from?.cluster.counters ?? []) this.cluster.counters.set(revision, c);
    this.#reconciler = this.#process();
  }

  create(spec: EnvironmentSpec = QUICK): this {
    this.server.put({
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name: NAME, namespace: NAMESPACE },
      spec,
    });
    return this;
  }

  get environment(): Environment {
    return this.server.get<Environment>(KIND, NAME) as Environment;
  }

  get status() {
    return this.environment.status ?? {};
  }

  condition(type: string) {
    return this.status.conditions?.find((condition) => condition.type === type);
  }

  /** The resource types that the cluster lacks from now on; the caches tell the operator of it. */
  lack(...kinds: string[]): this {
    this.#lacking.clear();
    for (const kind of kinds) this.#lacking.add(kind);
    this.#due = this.now;
    return this;
  }

  edit(change: (spec: EnvironmentSpec) => void): void {
    this.server.edit(KIND, NAME, (object) => change(object.spec as EnvironmentSpec));
  }

  /** A command, as kubectl annotate gives it: names the release that has this number now. */
  command(verb: Verb, number: number): this {
    const { stable, candidate, rejected, history = [] } = this.status;
    const named = [stable, candidate, rejected, ...history].find((one) => one?.number === number);
    this.server.edit(KIND, NAME, ({ metadata }) => {
      metadata.annotations = {
        ...metadata.annotations,
        [`cryptosense.io/${verb}`]: `${number}-${named?.revision}`,
      };
    });
    return this;
  }

  release(image: string, behaviour: Release = {}): this {
    this.cluster.releases.set(image, behaviour);
    this.edit((spec) => {
      spec.release.image = image;
    });
    return this;
  }

  /** A new process in place of the operator's: it knows what the cluster knows and nothing else. */
  restart(): void {
    this.server.dieAfter = Number.POSITIVE_INFINITY;
    this.#reconciler = this.#process();
    this.#lookedAt = -1;
  }

  /** Lets time pass until `condition` holds. Throws when the world came to rest without it, or never does. */
  async until(condition: () => boolean, limitSeconds = 600): Promise<void> {
    for (const end = this.now + limitSeconds * 1000; this.now < end; ) {
      await this.settle();
      if (condition()) return;
      this.step();
    }
    throw new Error(`not reached in ${limitSeconds} s: ${this.environment?.status?.summary}`);
  }

  /** As `until`, over hours in which nothing happens: what does not look again before its time is not walked through. */
  async through(condition: () => boolean, limitSeconds = 7200): Promise<void> {
    const end = this.now + limitSeconds * 1000;
    for (await this.settle(); !condition() && this.now < end; await this.settle()) await this.#leap(end);
    if (condition()) return;
    throw new Error(`not reached in ${limitSeconds} s: ${this.environment?.status?.summary}`);
  }

  /** A second; when nothing changed in it, on to when the operator looks again. */
  async #leap(end: number): Promise<void> {
    const { version } = this.server;
    for (let i = 0; i < STEPS; i++) {
      this.step();
      await this.settle();
    }
    if (this.server.version !== version) return;
    this.now = Math.max(this.now, Math.min(1000 * Math.ceil(this.#due / 1000), end));
  }

  /** Until nothing changes any more and the operator waits for nothing. Throws when that does not come. */
  async rest(limitSeconds = 600): Promise<void> {
    for (const end = this.now + limitSeconds * 1000; this.now < end; ) {
      await this.settle();
      const version = this.server.version;
      for (let i = 0; i < STEPS; i++) {
        this.step();
        await this.settle();
      }
      if (this.server.version === version && this.#due === Number.POSITIVE_INFINITY) return;
    }
    throw new Error(`no rest in ${limitSeconds} s: ${this.environment?.status?.summary}`);
  }

  step(): void {
    this.now += 1000 / STEPS;
    this.cluster.gateway();
    if (this.now % 1000 === 0) this.cluster.second();
  }

  /** Reconciles for as long as the operator is woken at this moment. */
  async settle(): Promise<void> {
    for (let looks = 0; this.#lookedAt !== this.server.version || this.#due <= this.now; looks++) {
      if (looks > 100) throw new Error(`a hot loop: ${this.server.writes.slice(-5).join(', ')}`);
      await this.look();
    }
  }

  async look(): Promise<void> {
    this.reconciles += 1;
    this.#lookedAt = this.server.version;
    this.#due = Number.POSITIVE_INFINITY;
    this.#isWoken = false;
    const after = await this.#isolated(() => this.#reconciler.reconcile(KEY)).catch((error: unknown) => {
      if (error instanceof Killed) this.restart();
      else this.failures.push(error);
      return { requeueAfterMs: 1000 };
    });
    if (after?.requeueAfterMs !== undefined) this.#due = this.now + after.requeueAfterMs;
    if (this.#isWoken) this.#due = this.now;
  }

  /** With this world's clock in place of the process's. */
  async #isolated<T>(work: () => Promise<T>): Promise<T> {
    const { now } = Date;
    Date.now = () => this.now;
    try {
      const done = await work();
      // Pods of this world answer at once.
      await this.#reconciler.measured();
      return done;
    } finally {
      Date.now = now;
    }
  }

  #process(): EnvironmentReconciler {
    const of = (kind: string, _namespace: string, environment: string) =>
      this.seen()
        .list(kind)
        .filter((object) => environmentOf(object as unknown as KubeObject) === environment);
    // Classes with private members are not structural: these are the parts that the reconciler uses of them.
    const caches = {
      environment: (_: string, name: string) => this.seen().get<Environment>(KIND, name),
      get: (kind: string, _: string, name: string) => {
        const live = this.seen().get<Live>(kind, name);
        return live?.metadata.labels?.[LABELS.managedBy] === MANAGER ? live : undefined;
      },
      of,
      has: (kind: string) => !this.#lacking.has(kind),
      serves: () => this.servesCustomMetrics,
      observeWrite: () => {},
      observeRemoval: () => {},
    } as unknown as Caches;
    return new EnvironmentReconciler({
      client: { request: (options: never) => this.server.request(options) } as unknown as KubeClient,
      caches,
      events: { event: (input: EventInput) => this.events.push(input) } as unknown as EventRecorder,
      log: silentLog,
      assertLeading: () => {},
      renderComponents: this.charts,
      wake: () => {
        this.#isWoken = true;
      },
      ask: async (url) => this.cluster.metrics(new URL(url).hostname),
    });
  }
}
