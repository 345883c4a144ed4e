import type { RequestOptions } from 'node:https';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { explained, withExecInfo } from './exec-plugin.ts';

/** Requests of one lane never wait for a connection that another lane uses. */
export type Lane = 'calls' | 'watches' | 'lease';

export interface Access {
  headers: Record<string, string>;
  pools: Record<Lane, Dispatcher>;
}

/** Token files and exec plugins are asked again after this long; both keep their own, longer, caches until `expire`. */
const REFRESH_MS = 5_000;

/**
 * Who we are and how we connect, from a KubeConfig: certificates and tokens (files are read again), exec plugins, basic
 * authentication, impersonation, proxies.
 * - The keep-alive pools serve all requests for as long as the TLS material stays the same. When a certificate is
 *   rotated, new pools take over, and the old ones end with their last request.
 * - What cannot be read or used now (a file that is being replaced, a certificate whose key has not come yet) costs
 *   nothing while the server takes what we have.
 */
export class Credentials {
  #config: KubeConfig;
  readonly #connections: Record<Lane, number>;
  readonly server: URL;
  #access: Access | undefined;
  #material = '';
  #freshUntil = 0;
  #isRejected = false;
  #refreshing: Promise<Access> | undefined;

  constructor(config: KubeConfig, connections: Record<Lane, number>) {
    const cluster = config.getCurrentCluster();
    if (cluster === null || cluster === undefined) {
      throw new Error('The kubeconfig has no current cluster: set KUBECONFIG or its current-context.');
    }
    this.#config = withExecInfo(config);
    this.#connections = connections;
    this.server = new URL(cluster.server);
  }

  /** Headers and pools for a request that starts now. */
  async current(): Promise<Access> {
    if (this.#access !== undefined && performance.now() < this.#freshUntil) return this.#access;
    this.#refreshing ??= this.#refreshOrKeep().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** The server did not accept these: the next request reads the token file or runs the exec plugin again. */
  expire(used: Access): void {
    // Many requests may come back rejected; what was fetched since then has not been.
    if (used !== this.#access || this.#isRejected) return;
    this.#isRejected = true;
    this.#freshUntil = 0;
    // A KubeConfig answers from its caches, a plugin's token without an expiry for ever; a new one has none.
    const { clusters, users, contexts, currentContext } = this.#config;
    this.#config = new KubeConfig();
    this.#config.loadFromOptions({ clusters, users, contexts, currentContext });
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.#access?.pools ?? {}).map((pool) => pool.destroy()));
  }

  async #refreshOrKeep(): Promise<Access> {
    try {
      this.#access = await this.#refresh();
      this.#isRejected = false;
    } catch (error) {
      if (this.#access === undefined || this.#isRejected) throw explained(error, this.#config);
    }
    this.#freshUntil = performance.now() + REFRESH_MS;
    return this.#access;
  }

  async #refresh(): Promise<Access> {
    const options: RequestOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value).trim();
    if (typeof options.auth === 'string') {
      headers.authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
    }
    const material = JSON.stringify(
      [options.ca, options.cert, options.key, options.servername, options.rejectUnauthorized].map((part) =>
        Buffer.isBuffer(part) ? part.toString('base64') : part,
      ),
    );
    const previous = this.#access?.pools;
    if (previous !== undefined && material === this.#material) return { headers, pools: previous };
    // Throws when certificate and key are not a pair, which is so for a moment while their files are replaced.
    let secureContext: SecureContext;
    try {
      const parts = pick(options, ['ca', 'cert', 'key', 'pfx', 'passphrase']) as SecureContextOptions;
      secureContext = createSecureContext(parts);
    } catch (error) {
      const { message } = error as Error;
      throw new Error(`the client certificate cannot be used with its key: ${message}`, { cause: error });
    }
    const pools = {
      calls: this.#pool(options, this.#connections.calls, secureContext),
      watches: this.#pool(options, this.#connections.watches, secureContext),
      lease: this.#pool(options, this.#connections.lease, secureContext),
    };
    this.#material = material;
    // Not at once: who was given the old ones in this turn of the loop has not sent his request yet.
    setImmediate(() => {
      for (const pool of Object.values(previous ?? {})) void pool.close();
    });
    return { headers, pools };
  }

  #pool(options: RequestOptions, connections: number, secureContext: SecureContext): Dispatcher {
    const how = this.#config.createDispatcherOptions(this.#config.getCurrentCluster(), {
      ...pick(options, ['ca', 'cert', 'key', 'pfx', 'passphrase', 'rejectUnauthorized', 'servername']),
    });
    const shared = {
      connections,
      // A watch holds its connection: over HTTP/1.1 a cut takes one watch with it, not all of them.
      allowH2: false,
      keepAliveTimeout: 60_000,
      // Deadlines are set per request; undici's own timers are coarse.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    switch (how.type) {
      case 'proxy':
        return new ProxyAgent({ ...shared, uri: how.uri, requestTls: how.requestTls as object });
      case 'socks':
        throw new Error('A SOCKS proxy-url is not supported: use an HTTP proxy or connect directly.');
      case 'agent':
        return new Agent({
          ...shared,
          // Every connection would make a context of its own, of the same certificates, in milliseconds each.
          connect: { ...how.connect, secureContext, keepAliveInitialDelay: 30_000 } as object,
        });
      case 'none':
        return new Agent(shared);
    }
  }
}

function pick<T extends object, K extends keyof T>(from: T, keys: K[]): Partial<Pick<T, K>> {
  const picked: Partial<Pick<T, K>> = {};
  for (const key of keys) if (from[key] !== undefined) picked[key] = from[key];
  return picked;
}
