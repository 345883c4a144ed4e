import { type Clock, pause, systemClock } from './clock.ts';
import { KubeError } from './errors.ts';
import type { Log } from './log.ts';
import type { KubeClient } from './transport.ts';

const EVERY_MS = 60_000;

/**
 * Which API groups the server has, asked for once a minute: aggregated APIs (custom.metrics.k8s.io) come and go without
 * an event. The last answer holds while the server cannot be asked.
 */
export class ApiGroups {
  readonly #client: KubeClient;
  readonly #log: Log;
  readonly #clock: Clock;
  /** Called when the set has changed, not for the first answer. */
  readonly #onChange: () => void;
  #names: ReadonlySet<string> | undefined;

  constructor(options: { client: KubeClient; log: Log; onChange: () => void; clock?: Clock }) {
    this.#client = options.client;
    this.#log = options.log;
    this.#onChange = options.onChange;
    this.#clock = options.clock ?? systemClock;
  }

  has(group: string): boolean {
    return this.#names?.has(group) ?? false;
  }

  /** Resolves with the first answer, or the first failure: no group is worth waiting for. Asks on until `signal`. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#ask(signal);
    void this.#askOn(signal);
  }

  async #askOn(signal: AbortSignal): Promise<void> {
    for (;;) {
      await pause(EVERY_MS, signal, this.#clock);
      if (signal.aborted) return;
      await this.#ask(signal);
    }
  }

  async #ask(signal: AbortSignal): Promise<void> {
    try {
      const { groups } = await this.#client.request<{ groups: { name: string }[] }>({
        method: 'GET',
        path: '/apis',
        signal,
      });
      const names = new Set(groups.map(({ name }) => name));
      const before = this.#names;
      this.#names = names;
      if (before && (before.size !== names.size || [...names].some((name) => !before.has(name))))
        this.#onChange();
    } catch (error) {
      if (signal.aborted) return;
      this.#log.debug('The API groups cannot be listed', {
        error: error instanceof KubeError ? error.message : error,
      });
    }
  }
}
