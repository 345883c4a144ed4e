import { Load } from '../../../local/demo/load.ts';
import { isSettled } from '../../../local/demo/watch.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { eventually } from '../../integration/processes.ts';
import { gatewayUrl, kubectl, TestEnvironment } from '../cluster.ts';
import type { ScaledAlerts } from './prometheus.ts';
import { type Runbook, runbook } from './runbook.ts';

/** Sizes of which two environments with a candidate each have room on a node of two cores. */
export const SMALL = {
  database: { storage: '1Gi', resources: { cpu: '50m', memory: '256Mi' } },
  pooler: { replicas: 1, resources: { cpu: '10m', memory: '32Mi' } },
  cache: { replicas: 1, storage: '256Mi', resources: { cpu: '10m', memory: '64Mi' } },
  predictor: { enabled: false },
  observability: { serviceMonitor: { enabled: false }, rules: { enabled: false } },
} satisfies Partial<EnvironmentSpec>;

/** PostgreSQL, PgBouncer and Redis tell of themselves. */
export const EXPORTERS = {
  ...SMALL.observability,
  exporters: { enabled: true, resources: { cpu: '5m', memory: '48Mi' } },
} satisfies EnvironmentSpec['observability'];

/** An environment with its users, its alerts and its runbooks. */
export class Watched extends TestEnvironment {
  /** How long an alert may take until it fires. */
  readonly patienceMs: number;
  #users: Load | undefined;
  #ending: Promise<void> | undefined;
  #alerts: ScaledAlerts | undefined;

  constructor(name: string, patienceMs = 240_000) {
    super(name);
    this.patienceMs = patienceMs;
  }

  /** Resolves when it serves `perSecond` requests of its users. */
  async begin(alerts: ScaledAlerts, spec: Partial<EnvironmentSpec>, perSecond = 30): Promise<void> {
    this.#alerts = alerts;
    await this.create({ ...SMALL, ...spec });
    await this.watch.until('Ready', isSettled, 300_000);
    this.#users = this.load(perSecond);
  }

  /** Requests beside those of the users. A history is not kept ready: these go by the database. */
  load(perSecond: number, paths: readonly string[] = ['/api/prices/BTC', '/api/prices/BTC/history']): Load {
    return new Load(gatewayUrl, { paths, perSecond, connections: 8, host: this.host });
  }

  /** `DB` as the tiers local and development have it, when nothing else is said. */
  page(name: string, DB = 'cryptosense_dev'): Runbook {
    return runbook(name, { NS: this.namespace, ENV: this.name, DB });
  }

  /** As `page(name).look()`, but again until it is complete: what `kubectl top` asks knows nothing of a pod's first half minute. */
  async look(name: string): Promise<string> {
    let said = '';
    let failure: unknown;
    const looked = async () => {
      said = await this.page(name)
        .look()
        .catch((error) => {
          failure = error;
          return '';
        });
      return said !== '';
    };
    await eventually(`a whole look of ${name}`, looked, 90_000).catch((error: Error) => {
      throw new Error(`${error.message}: ${String(failure)}`);
    });
    return said;
  }

  async fire(...names: string[]): Promise<void> {
    const seconds = await this.#told(this.#scaled.fire(names, this.namespace, this.patienceMs));
    for (const [name, after] of seconds) note(`${name} fires after ${after.toFixed(0)} s`);
  }

  async clear(...names: string[]): Promise<void> {
    const seconds = await this.#told(this.#scaled.clear(names, this.namespace));
    note(`${names.join(', ')}: ended after ${seconds.toFixed(0)} s`);
  }

  /** Resolves when it serves and none of `names` fires. */
  async well(...names: string[]): Promise<void> {
    await this.watch.until('Ready', isSettled, 120_000);
    await this.#told(this.#scaled.clear(names, this.namespace));
  }

  async fires(name: string): Promise<boolean> {
    return (await this.#scaled.firing(this.namespace)).has(`CryptoSense${name}`);
  }

  /** Once: a story may make room for the next one before all are over. */
  end(): Promise<void> {
    this.#ending ??= this.#users ? this.#users.stop().then(() => this.remove()) : this.remove();
    return this.#ending;
  }

  async #told<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const state = await kubectl(['-n', this.namespace, 'get', 'cse,pods', '-o', 'wide']).catch(String);
      throw new Error(`${(error as Error).message}\n${state}`);
    }
  }

  get #scaled(): ScaledAlerts {
    if (this.#alerts === undefined) throw new Error(`${this.name} has not begun`);
    return this.#alerts;
  }
}

/** The runner shows lines that begin so. */
function note(text: string): void {
  console.log(`\nnote: ${text}`);
}
