import { Pool } from 'undici';

export interface LoadCounters {
  requests: number;
  /** 5xx answers and requests without an answer. */
  failed: number;
  /** Failures by what was seen: a status code or an error's name. */
  failures: Record<string, number>;
}

/**
 * Sends GET requests without pause over a few kept-alive connections, at a steady rate as long as the server keeps
 * up, and counts what a user would have seen. It never repeats a request: a failure is a failure.
 */
export class Load {
  readonly #pool: Pool;
  readonly #paths: readonly string[];
  readonly #intervalMs: number;
  readonly #headers: Record<string, string>;
  readonly #workers: Promise<void>[] = [];
  readonly #counters: LoadCounters = { requests: 0, failed: 0, failures: {} };
  /** When the last failure was seen, in milliseconds since 1970. */
  lastFailureAt: number | undefined;
  #running = true;
  #next = 0;

  /** `origin` such as http://127.0.0.1:8080; `perSecond` requests in all; `host` picks the route. */
  constructor(
    origin: string,
    options: { paths: readonly string[]; perSecond: number; connections: number; host?: string },
  ) {
    this.#headers = options.host === undefined ? {} : { host: options.host };
    this.#pool = new Pool(origin, {
      connections: options.connections,
      headersTimeout: 10_000,
      bodyTimeout: 10_000,
    });
    this.#paths = options.paths;
    this.#intervalMs = (1000 * options.connections) / options.perSecond;
    for (let i = 0; i < options.connections; i++) this.#workers.push(this.#work());
  }

  get counters(): LoadCounters {
    return { ...this.#counters, failures: { ...this.#counters.failures } };
  }

  /** What was counted after `mark`. */
  since(mark: LoadCounters): LoadCounters {
    const failures: Record<string, number> = {};
    for (const [kind, count] of Object.entries(this.#counters.failures)) {
      const more = count - (mark.failures[kind] ?? 0);
      if (more > 0) failures[kind] = more;
    }
    const { requests, failed } = this.#counters;
    return { requests: requests - mark.requests, failed: failed - mark.failed, failures };
  }

  async stop(): Promise<LoadCounters> {
    this.#running = false;
    await Promise.all(this.#workers);
    await this.#pool.close();
    return this.counters;
  }

  async #work(): Promise<void> {
    while (this.#running) {
      const started = performance.now();
      await this.#send();
      const rest = this.#intervalMs - (performance.now() - started);
      if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
    }
  }

  async #send(): Promise<void> {
    const path = this.#paths[this.#next++ % this.#paths.length] ?? '/';
    let failure: string | undefined;
    try {
      const { statusCode, body } = await this.#pool.request({ path, method: 'GET', headers: this.#headers });
      await body.dump();
      if (statusCode >= 500) failure = String(statusCode);
    } catch (error) {
      failure = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.name) : 'unknown';
    }
    this.#counters.requests += 1;
    if (failure === undefined) return;
    this.lastFailureAt = Date.now();
    this.#counters.failed += 1;
    this.#counters.failures[failure] = (this.#counters.failures[failure] ?? 0) + 1;
  }
}
