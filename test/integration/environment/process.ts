import { Caches } from '../../../operator/environment/caches.ts';
import { EnvironmentReconciler } from '../../../operator/environment/reconciler.ts';
import { Controller } from '../../../operator/kube/controller.ts';
import type { EventRecorder } from '../../../operator/kube/events.ts';
import { silentLog } from '../../../operator/kube/log.ts';
import type { KubeClient, RequestOptions } from '../../../operator/kube/transport.ts';
import type { SimulatedCluster } from '../../simulated/cluster.ts';

/** How the operator dies: having seen the answer to its last write, or with the connection cut while that is under way. */
export type Death = 'answered' | 'cut off';

/** What one environment knows of the operator processes that work on it, one after the other. */
export interface Life {
  namespace: string;
  death: Death;
  /** Writes of this stage so far, each with how often it was done: "PATCH deployments/shop-pooler #1". */
  writes: string[];
  /** The writes at which the process dies. */
  deadly: ReadonlySet<string>;
  /** The writes at which it has died. */
  deaths: string[];
  /** Which of the two operators works on it. */
  owner: number;
}

class Killed extends Error {}

/**
 * The operator's own caches, controller and reconciler, against a real API server. For each environment it is a process
 * of its own, as far as the world can tell: at a deadly write it dies, nothing that it would have done after that is
 * done, and another one, which remembers nothing, goes on. Its caches stay for the other environments, as those of a
 * standby do. It records no Events.
 */
export class OperatorInProcess {
  readonly #caches: Caches;
  readonly #controller: Controller;
  readonly #client: KubeClient;
  readonly #stop = new AbortController();
  readonly #reconcilers = new Map<Life, EnvironmentReconciler>();
  #running: Promise<void> | undefined;

  /** `lifeOf` finds an environment by its namespace, when this operator is the one that works on it. */
  constructor(
    cluster: SimulatedCluster,
    lifeOf: (namespace: string) => Life | undefined,
    onDeath: (life: Life) => void,
  ) {
    this.#client = cluster.client();
    this.#caches = new Caches({
      client: this.#client,
      log: silentLog,
      onChange: (key) => this.#controller?.enqueue(key),
    });
    this.#controller = new Controller({
      name: 'cryptosenseenvironment',
      reconcile: async (key) => {
        const life = lifeOf(key.split('/')[0] ?? '');
        if (life === undefined) return undefined;
        const reconciler = this.#reconcilers.get(life) ?? this.#begin(life, onDeath);
        return reconciler.reconcile(key).catch((error: unknown) => {
          if (this.#reconcilers.get(life) === reconciler) throw error;
          return undefined;
        });
      },
      workers: 8,
      log: silentLog,
    });
  }

  /** Watches, and works on what is its own once it has seen everything. */
  async start(): Promise<void> {
    this.#caches.start(this.#stop.signal);
    await this.#caches.synced();
    this.#running = this.#controller.run(this.#stop.signal);
  }

  /** Looks at an environment that it has not been told of by a change. */
  wake({ namespace }: Life): void {
    this.#controller.enqueue(`${namespace}/shop`);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#client.close();
  }

  #begin(life: Life, onDeath: (life: Life) => void): EnvironmentReconciler {
    let isDead = false;
    const die = () => {
      // Of writes that were under way together, several may be deadly.
      if (isDead) return;
      isDead = true;
      this.#reconcilers.delete(life);
      onDeath(life);
    };
    const request = (options: RequestOptions) => {
      if (isDead) throw new Killed('before');
      return this.#request(life, options, die);
    };
    const reconciler = new EnvironmentReconciler({
      client: { request } as unknown as KubeClient,
      caches: this.#caches,
      events: { event: () => {} } as unknown as EventRecorder,
      log: silentLog,
      assertLeading: () => {},
    });
    this.#reconcilers.set(life, reconciler);
    return reconciler;
  }

  async #request(life: Life, options: RequestOptions, die: () => void): Promise<unknown> {
    if (options.method === 'GET') return this.#client.request(options);
    const write = nameOf(options);
    const times = life.writes.filter((one) => one.startsWith(`${write} #`)).length;
    const last = `${write} #${times + 1}`;
    life.writes.push(last);
    if (!life.deadly.has(last)) return this.#client.request(options);
    const cut = new AbortController();
    const answer = this.#client.request({ ...options, signal: cut.signal }).catch(() => undefined);
    // It is on its way, and nobody will ever know whether it was carried out.
    if (life.death === 'cut off') setTimeout(() => cut.abort(), 1);
    await answer;
    life.deaths.push(last);
    die();
    throw new Killed(`at ${last}`);
  }
}

function nameOf({ method, path, body }: RequestOptions): string {
  const [, plural = '', name, sub] = path.split('/namespaces/')[1]?.split('/') ?? [];
  const named = name ?? (body as { metadata: { name: string } }).metadata.name;
  return `${method} ${plural}${sub ? ` ${sub}` : ''}/${named}`;
}
