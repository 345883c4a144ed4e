import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Cluster } from '@kubernetes/client-node';
import { GROUP, PLURAL } from '../api/well-known.ts';
import { KubeError } from '../kube/errors.ts';
import type { Log } from '../kube/log.ts';
import { commandIn, give } from './command.ts';
import { streamDetail } from './detail-stream.ts';
import { Hub, type Source } from './hub.ts';
import { streamList } from './list-stream.ts';
import { readPage } from './page.ts';
import { Refusal } from './refusal.ts';
import { openStream, type Stream } from './sse.ts';
import { saidBy, type Viewer } from './viewer.ts';
import { Viewers } from './viewers.ts';

export interface DashboardOptions {
  /** 0 picks a free one. */
  port: number;
  source: Source;
  /** The cluster whose API server says who may see and do what. */
  cluster: Cluster;
  log: Log;
  /** Where the built page is; beside the program when left out. */
  folder?: string;
  /** How often the rights of those who look are asked for anew; 30,000. */
  reviewMs?: number;
}

export interface Dashboard {
  port: number;
  /** Tells that something happened to the environment with this key. */
  changed(key: string): void;
  close(): Promise<void>;
}

const REVIEW_MS = 30_000;
const MOST_STREAMS = 64;
/** A token of the API server's: JSON Web Tokens and older ones. */
const TOKEN = /^Bearer ([-A-Za-z0-9._~+/=]{1,8192})$/;
const ENVIRONMENT =
  /^\/api\/environments\/(?<namespace>[a-z0-9][-a-z0-9]{0,62})\/(?<name>[a-z][-a-z0-9]{0,39})(?<commands>\/commands)?$/;
/** Names by which a person reaches a port of their own machine: no other site can make a browser ask under them. */
const HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

const HEADERS = {
  // Everything comes from here, and nothing in the page itself is run: neither script nor style.
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/**
 * Serves the dashboard on 127.0.0.1 alone: a port-forward of kubectl ends there, inside the pod, and no other pod gets that
 * far. Whoever asks for more than the page itself sends a token of the cluster's API server.
 */
export async function serveDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { source, cluster, log, reviewMs = REVIEW_MS } = options;
  const files = readPage(options.folder);
  const hub = new Hub(source);
  // Older than a review no answer may be, or the review would be told what was known before.
  const viewers = new Viewers(cluster, reviewMs * 0.75);
  let streams = 0;

  const streamed = async (response: ServerResponse, work: (stream: Stream) => Promise<void>) => {
    if (streams >= MOST_STREAMS)
      throw new Refusal(503, 'Too many pages are open already: close one, and this one goes on.');
    streams += 1;
    const stream = openStream(response);
    try {
      await work(stream);
    } catch (error) {
      await stream.send('refused', told(error, log));
    } finally {
      streams -= 1;
      stream.end();
    }
  };

  const answer = async (request: IncomingMessage, response: ServerResponse, viewer: Viewer) => {
    const path = pathOf(request);
    const found = ENVIRONMENT.exec(path)?.groups;
    if (request.method === 'GET') viewer.refresh();
    await viewer.user();
    if (path === '/api/environments' && request.method === 'GET')
      return streamed(response, (stream) => streamList(stream, { hub, viewer, reviewMs }));
    const { namespace = '', name = '', commands } = found ?? {};
    if (!found) throw new Refusal(404, 'There is nothing at this address.');
    if (request.method !== (commands ? 'POST' : 'GET'))
      throw new Refusal(405, 'This address takes no such request.');
    const key = `${namespace}/${name}`;
    const isAllowed = await viewer.may({ verb: 'get', group: GROUP, resource: PLURAL, namespace, name });
    const environment = hub.environment(key);
    // Whether there is such an environment is not for everybody to know.
    if (!isAllowed || !environment)
      throw new Refusal(404, `There is no environment ${key}, or ${await viewer.user()} may not see it.`);
    if (commands) {
      const command = await commandIn(request);
      await give(viewer, environment, command);
      log.info('a command was given', { environment: key, user: await viewer.user(), ...command });
      return send(response, 200, { message: 'It is written down; the operator carries it out.' });
    }
    return streamed(response, (stream) => streamDetail(stream, { hub, viewer, reviewMs, key }));
  };

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    for (const [header, value] of Object.entries(HEADERS)) response.setHeader(header, value);
    if (!HOST.test(request.headers.host ?? ''))
      throw new Refusal(
        421,
        'Open it as http://localhost or http://127.0.0.1 with the port of kubectl port-forward.',
      );
    const file = files.get(pathOf(request));
    if (file && request.method === 'GET') {
      response.writeHead(200, { 'content-type': file.type }).end(file.content);
      return;
    }
    const token = TOKEN.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined)
      throw new Refusal(401, 'Send a token of the cluster: kubectl create token makes one.');
    const visited = await viewers.with(token, async (viewer) => {
      await answer(request, response, viewer);
      return true;
    });
    if (!visited) throw new Refusal(503, 'Too many people look already: try again in a minute.');
  };

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (response.headersSent) {
        response.end();
        return;
      }
      const { status, message } = told(error, log);
      send(response, status, { message });
    });
  });
  server.headersTimeout = 10_000;
  server.maxConnections = 256;
  await listen(server, options.port);
  return {
    port: (server.address() as AddressInfo).port,
    changed: (key) => hub.changed(key),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await viewers.close();
    },
  };
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '/';
}

function send(response: ServerResponse, status: number, body: { message: string }): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}

/** What a person is told; a fault of our own goes to the log alone. */
function told(error: unknown, log: Log): { status: number; message: string } {
  if (error instanceof Refusal) return { status: error.status, message: error.message };
  if (error instanceof KubeError)
    return { status: error.code === 0 ? 503 : error.code, message: saidBy(error) };
  log.error('a request to the dashboard could not be answered', { error });
  return { status: 500, message: 'This went wrong in the operator; its log says more.' };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });
}
