import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';

export interface Access {
  headers: Record<string, string>;
  dispatcher: Dispatcher;
}

/** Token files and exec plugins are asked again after this long; both keep their own, longer, caches until `expire`. */
const REFRESH_MS = 5_000;

/**
 * Who we are and how we connect, from a KubeConfig: certificates, tokens (files are read again), exec plugins, basic
 * authentication, impersonation, proxies. One keep-alive pool serves all requests for as long as the TLS material stays
 * the same; when a certificate is rotated, a new pool takes over and the old one ends with its last request.
 */
export class Credentials {
  #config: KubeConfig;
  readonly #connections: number;
  readonly server: URL;
  #access: Access | undefined;
  #material = '';
  #freshUntil = 0;
  #refreshing: Promise<Access> | undefined;

  constructor(config: KubeConfig, connections: number) {
    const cluster = config.getCurrentCluster();
    if (cluster === null || cluster === undefined) {
      throw new Error('The kubeconfig has no current cluster: set KUBECONFIG or its current-context.');
    }
    this.#config = config;
    this.#connections = connections;
    this.server = new URL(cluster.server);
  }

  /** Headers and pool for a request that starts now. */
  async current(): Promise<Access> {
    if (this.#access !== undefined && performance.now() < this.#freshUntil) return this.#access;
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** The server did not accept them: the next request reads the token file or runs the exec plugin again. */
  expire(): void {
    this.#freshUntil = 0;
    // A KubeConfig answers from its caches, a plugin's token without an expiry for ever; a new one has none.
    const { clusters, users, contexts, currentContext } = this.#config;
    this.#config = new KubeConfig();
    this.#config.loadFromOptions({ clusters, users, contexts, currentContext });
  }

  async close(): Promise<void> {
    await this.#access?.dispatcher.destroy();
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
    const previous = this.#access?.dispatcher;
    const same = previous !== undefined && material === this.#material;
    const dispatcher = same ? previous : this.#pool(options);
    if (!same) void previous?.close();
    this.#material = material;
    this.#access = { headers, dispatcher };
    this.#freshUntil = performance.now() + REFRESH_MS;
    return this.#access;
  }

  #pool(options: RequestOptions): Dispatcher {
    const how = this.#config.createDispatcherOptions(this.#config.getCurrentCluster(), {
      ...pick(options, ['ca', 'cert', 'key', 'pfx', 'passphrase', 'rejectUnauthorized', 'servername']),
    });
    const shared = {
      connections: this.#connections,
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
        return new Agent({ ...shared, connect: { ...how.connect, keepAliveInitialDelay: 30_000 } as object });
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
