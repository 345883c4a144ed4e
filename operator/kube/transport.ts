import type { KubeConfig } from '@kubernetes/client-node';
import { type Dispatcher, request as send } from 'undici';
import { followedBy, pause, unlessAborted } from './clock.ts';
import { Credentials, type Lane } from './credentials.ts';
import { KubeError, refusal } from './errors.ts';
import { FairGate } from './fair-gate.ts';
import { currentFlow } from './flow.ts';
import { jsonLines, textLines } from './json-lines.ts';
import { defaultKubeConfig } from './kubeconfig.ts';
import { type Metrics, metrics } from './metrics.ts';
import { aboutRequest } from './request-span.ts';
import type { KubeObject } from './resources.ts';
import { asSpan, isTraced, tellSpan } from './spans.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export type Query = Record<string, string | number | boolean | undefined>;

export interface RequestOptions {
  method: Method;
  path: string;
  query?: Query;
  /** Sent as JSON. */
  body?: unknown;
  contentType?: string;
  /** For the whole call, waits and repetitions included; 15,000 when left out. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** Whose turn it takes when many wait: that of the key that is being reconciled, else that of the path. */
  flow?: string;
  /** Waits for no other request. Only for what everything else depends on and what is asked for seldom: the lease. */
  isReserved?: boolean;
}

export interface StreamOptions {
  path: string;
  query?: Query;
  signal: AbortSignal;
  /** How long the answer's beginning may take; 15,000 when left out. */
  timeoutMs?: number;
  /** With nothing received for this long the stream is taken for dead and ends with a 'Timeout' error. */
  quietMs?: number;
}

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: KubeObject;
}

export interface ClientOptions {
  metrics?: Metrics;
  /** Requests under way at most, and sockets; those of watches (one each) and of the lease (two) not counted. */
  connections?: number;
  userAgent?: string;
}

const DEFAULT_TIMEOUT_MS = 15_000;
/** How often a 429 or 503 with Retry-After is repeated before it becomes the caller's. */
const MOST_WAITS = 5;
const LONGEST_LEFTOVER_BYTES = 1 << 20;
const DEFAULT_CONNECTIONS = 32;

/**
 * Raw JSON over HTTP/1.1 to one API server.
 * - All calls share one pool of keep-alive connections; watches and the lease have pools of their own: they wait for no
 *   call, and no call for them.
 * - When more is asked than there are connections, the flows (environments, for one) take turns, and no flow has more
 *   than half of the connections: a burst of one does not delay another.
 * - Every call ends by its deadline, whatever the server does.
 * - 429 and 503 with Retry-After are waited for, at most five times and never past the deadline.
 * - A connection that was reset under a repeatable call (not POST) costs one repetition, not an error.
 */
export class KubeClient {
  readonly #credentials: Credentials;
  readonly #gate: FairGate;
  readonly #metrics: Metrics;
  readonly #userAgent: string;

  private constructor(config: KubeConfig, options: ClientOptions) {
    const calls = options.connections ?? DEFAULT_CONNECTIONS;
    this.#credentials = new Credentials(config, { calls, watches: 1_000, lease: 2 });
    this.#gate = new FairGate(calls);
    this.#metrics = options.metrics ?? metrics;
    this.#userAgent = options.userAgent ?? 'cryptosense-operator';
  }

  /** From KUBECONFIG, ~/.kube/config or the pod's service account, in this order. */
  static fromDefault(options: ClientOptions = {}): KubeClient {
    return new KubeClient(defaultKubeConfig(), options);
  }

  static fromKubeConfig(config: KubeConfig, options: ClientOptions = {}): KubeClient {
    return new KubeClient(config, options);
  }

  /** The parsed answer. Throws KubeError for every failure but the caller's own abort, whose reason is thrown as it is. */
  request<T>(options: RequestOptions): Promise<T> {
    if (!isTraced()) return this.#ask(options);
    const { name, facts } = aboutRequest(options);
    return asSpan(name, facts, () => this.#ask<T>(options));
  }

  async #ask<T>(options: RequestOptions): Promise<T> {
    const asked = `${options.method} ${options.path}`;
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const endsAt = performance.now() + timeoutMs;
    const { controller, release } = followedBy(options.signal);
    const inLine = { isWaiting: false };
    const late = () => {
      const message = `${inLine.isWaiting ? 'too many requests before this one, no turn' : 'no answer'} in ${timeoutMs} ms`;
      return new KubeError(asked, { code: 0, reason: 'Timeout', message });
    };
    const timer = setTimeout(() => controller.abort(late()), timeoutMs);
    let waits = 0;
    let repetitions = 0;
    try {
      for (;;) {
        try {
          return await this.#inTurn<T>(asked, options, controller.signal, inLine);
        } catch (error) {
          controller.signal.throwIfAborted();
          if (!(error instanceof KubeError)) throw error;
          if (error.code === 401 && repetitions === 0) {
            // The token may have been rotated a moment ago: it was expired, and the next attempt gets another.
            repetitions += 1;
          } else if (error.reason === 'Reset' && isRepeatable(options) && repetitions === 0) {
            repetitions += 1;
          } else if (error.retryAfterMs !== undefined && waits < MOST_WAITS) {
            waits += 1;
            if (performance.now() + error.retryAfterMs >= endsAt) throw error;
            await pause(error.retryAfterMs, controller.signal);
            controller.signal.throwIfAborted();
          } else throw error;
          tellSpan({ 'http.request.resend_count': waits + repetitions });
        }
      }
    } finally {
      clearTimeout(timer);
      release();
    }
  }

  /**
   * A watch's events, one by one, until the server ends it, the signal is aborted (both end the iteration) or the
   * connection fails (KubeError). An ERROR event is handed over like the others.
   */
  stream(options: StreamOptions): AsyncIterable<WatchEvent> {
    return this.#follow(`WATCH ${options.path}`, options, jsonLines<WatchEvent>);
  }

  /** The lines of a text that the server may go on writing, such as the log of a pod; it ends as `stream` does. */
  lines(options: StreamOptions): AsyncIterable<string> {
    return this.#follow(`GET ${options.path}`, options, textLines);
  }

  async *#follow<T>(
    asked: string,
    options: StreamOptions,
    read: (body: AsyncIterable<Buffer>, onBytes: () => unknown) => AsyncIterable<T>,
  ): AsyncIterable<T> {
    const { controller, release } = followedBy(options.signal);
    const quiet = (reason: string) => () =>
      controller.abort(new KubeError(asked, { code: 0, reason: 'Timeout', message: reason }));
    const headersMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    let timer = setTimeout(quiet(`no answer in ${headersMs} ms`), headersMs);
    try {
      const { body } = await this.#send('watches', asked, { ...options, method: 'GET' }, controller.signal);
      clearTimeout(timer);
      const quietMs = options.quietMs;
      const arm = () => setTimeout(quiet(`silent for ${quietMs} ms`), quietMs);
      if (quietMs !== undefined) timer = arm();
      // Every received byte counts as life, also one that ends no line.
      for await (const event of read(body, () => quietMs !== undefined && timer.refresh())) {
        yield event;
        if (controller.signal.aborted) break;
      }
      controller.signal.throwIfAborted();
    } catch (error) {
      if (options.signal.aborted) return;
      if (controller.signal.aborted) throw controller.signal.reason;
      throw error instanceof KubeError ? error : unreachable(asked, error);
    } finally {
      clearTimeout(timer);
      release();
      // Leaves no socket behind when the consumer stops early.
      controller.abort();
    }
  }

  /** Ends every connection; calls under way fail. */
  async close(): Promise<void> {
    await this.#credentials.close();
  }

  /** One attempt, once it is this request's turn. */
  async #inTurn<T>(
    asked: string,
    options: RequestOptions,
    signal: AbortSignal,
    inLine: { isWaiting: boolean },
  ): Promise<T> {
    const who = { verb: options.method, host: this.#credentials.server.host };
    if (options.isReserved) return this.#once<T>('lease', asked, options, signal, who);
    const askedAt = performance.now();
    inLine.isWaiting = true;
    const leave = await this.#gate.enter(options.flow ?? currentFlow() ?? options.path, signal);
    inLine.isWaiting = false;
    const waitedMs = performance.now() - askedAt;
    this.#metrics.turnSeconds.observe(who, waitedMs / 1_000);
    tellSpan({ 'k8s.turn_ms': waitedMs });
    try {
      return await this.#once<T>('calls', asked, options, signal, who);
    } finally {
      leave();
    }
  }

  async #once<T>(
    lane: Lane,
    asked: string,
    options: RequestOptions,
    signal: AbortSignal,
    who: { verb: Method; host: string },
  ): Promise<T> {
    const sentAt = performance.now();
    try {
      const { body, statusCode } = await this.#send(lane, asked, options, signal);
      tellSpan({ 'http.response.status_code': statusCode });
      const text = await body.text();
      return (text === '' ? undefined : JSON.parse(text)) as T;
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof KubeError ? error : unreachable(asked, error);
    } finally {
      this.#metrics.requestSeconds.observe(who, (performance.now() - sentAt) / 1_000);
    }
  }

  /** Sends one request and returns the answer's body, or throws what the server refused it with. */
  async #send(
    lane: Lane,
    asked: string,
    options: Omit<RequestOptions, 'timeoutMs' | 'signal'>,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    // An exec plugin may wait for somebody to log in.
    const access = await unlessAborted(this.#credentials.current(), signal).catch((error: unknown) => {
      signal.throwIfAborted();
      const message = error instanceof Error ? error.message : String(error);
      throw new KubeError(asked, { code: 0, reason: 'Credentials', message }, { cause: error });
    });
    signal.throwIfAborted();
    const { server } = this.#credentials;
    const count = (code: string) =>
      this.#metrics.requests.inc({ code, method: options.method, host: server.host });
    let answer: Dispatcher.ResponseData;
    try {
      answer = await send(urlOf(server, options.path, options.query), {
        method: options.method,
        headers: {
          accept: 'application/json',
          'user-agent': this.#userAgent,
          ...(options.body === undefined
            ? {}
            : { 'content-type': options.contentType ?? 'application/json' }),
          ...access.headers,
        },
        body: options.body === undefined ? null : JSON.stringify(options.body),
        dispatcher: access.pools[lane],
        signal,
      });
    } catch (error) {
      count('<error>');
      signal.throwIfAborted();
      throw unreachable(asked, error);
    }
    count(String(answer.statusCode));
    if (answer.statusCode < 300) return answer;
    if (answer.statusCode === 401) this.#credentials.expire(access);
    const text = await answer.body.text().catch(() => '');
    throw refusal(asked, answer.statusCode, text.slice(0, LONGEST_LEFTOVER_BYTES), retryAfter(answer));
  }
}

function urlOf(server: URL, path: string, query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const search = parameters.size === 0 ? '' : `?${parameters}`;
  // A server behind a path prefix (Rancher's proxy, for one) keeps its prefix.
  return `${server.origin}${server.pathname.replace(/\/$/, '')}${path}${search}`;
}

/** These say the outcome, not a step towards it, so that doing them twice does no harm. */
function isRepeatable({ method, contentType }: RequestOptions): boolean {
  return method !== 'POST' && contentType !== 'application/json-patch+json';
}

/** In milliseconds; only 429 and 503 promise that nothing was done. */
function retryAfter({ statusCode, headers }: Dispatcher.ResponseData): number | undefined {
  if (statusCode !== 429 && statusCode !== 503) return undefined;
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1_000;
  return statusCode === 429 ? 1_000 : undefined;
}

const RESETS = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

function unreachable(asked: string, error: unknown): KubeError {
  const { code, message } = error as { code?: string; message?: string };
  const reason = code !== undefined && RESETS.has(code) ? 'Reset' : 'Unreachable';
  return new KubeError(
    asked,
    { code: 0, reason, message: message || code || String(error) },
    { cause: error },
  );
}
