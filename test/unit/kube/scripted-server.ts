import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { createMetrics } from '../../../operator/kube/metrics.ts';
import { KubeClient } from '../../../operator/kube/transport.ts';

export type Handler = (
  request: IncomingMessage & { query: URLSearchParams },
  response: ServerResponse,
) => void;

/** A real HTTP server whose answers the test gives; it remembers what was asked and how many sockets were opened. */
export class ScriptedServer {
  handler: Handler = (_, response) => response.writeHead(500).end();
  readonly asked: string[] = [];
  readonly metrics = createMetrics();
  sockets = 0;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://server');
      this.asked.push(`${request.method} ${url.pathname}${url.search}`);
      this.handler(Object.assign(request, { query: url.searchParams }), response);
    });
    this.#server.on('connection', () => {
      this.sockets += 1;
    });
  }

  static async start(): Promise<ScriptedServer> {
    const scripted = new ScriptedServer();
    await new Promise<void>((resolve) => scripted.#server.listen(0, '127.0.0.1', resolve));
    return scripted;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  client(token = 'secret-token'): KubeClient {
    const config = new KubeConfig();
    const server = `http://127.0.0.1:${this.port}`;
    config.loadFromClusterAndUser({ name: 'c', server, skipTLSVerify: true }, { name: 'u', token });
    return KubeClient.fromKubeConfig(config, { metrics: this.metrics });
  }

  /** Cuts every connection, as a crash does. */
  cut(): void {
    this.#server.closeAllConnections();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export function answer(
  response: ServerResponse,
  body: object,
  code = 200,
  headers: Record<string, string> = {},
) {
  response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

export function status(code: number, reason: string, message: string, details: object = {}) {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message, details };
}
