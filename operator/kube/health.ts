import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

/** true when well; otherwise false or, better, what is wrong. */
export type Check = () => boolean | string | Promise<boolean | string>;

export interface HealthOptions {
  /** 0 picks a free one. */
  port: number;
  /** The same as `port` for one server that does both. */
  metricsPort: number;
  registry: Registry;
  live: Check;
  ready: Check;
}

export interface HealthServer {
  port: number;
  metricsPort: number;
  close(): Promise<void>;
}

/** Serves /healthz and /readyz (200 "ok", or 503 and the reason) and /metrics, on all addresses. */
export async function serveHealth(options: HealthOptions): Promise<HealthServer> {
  const probes: Record<string, Handler> = {
    '/healthz': (response) => check(options.live, response),
    '/readyz': (response) => check(options.ready, response),
  };
  const metrics: Record<string, Handler> = {
    '/metrics': async (response) => {
      const text = await options.registry.metrics();
      response.writeHead(200, { 'content-type': options.registry.contentType }).end(text);
    },
  };
  const isShared = options.port === options.metricsPort && options.port !== 0;
  const first = await listen(isShared ? { ...probes, ...metrics } : probes, options.port);
  const second = isShared ? first : await listen(metrics, options.metricsPort);
  const servers = new Set([first, second]);
  return {
    port: portOf(first),
    metricsPort: portOf(second),
    close: async () => {
      await Promise.all(
        [...servers].map((server) => {
          const closed = new Promise((resolve) => server.close(resolve));
          server.closeAllConnections();
          return closed;
        }),
      );
    },
  };
}

type Handler = (response: ServerResponse) => Promise<void>;

async function check(look: Check, response: ServerResponse): Promise<void> {
  const result = await look();
  const isWell = result === true;
  const text = isWell ? 'ok' : result === false ? 'not well' : result;
  response.writeHead(isWell ? 200 : 503, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}

function listen(handlers: Record<string, Handler>, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    const handler = handlers[(request.url ?? '/').split('?', 1)[0] ?? '/'];
    if (handler === undefined) {
      response.writeHead(404).end();
      return;
    }
    handler(response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(`${error instanceof Error ? error.message : error}\n`);
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, () => resolve(server));
  });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
