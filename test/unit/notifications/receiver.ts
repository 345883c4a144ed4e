import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that a receiver got. */
export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Reply {
  code?: number;
  headers?: Record<string, string>;
  text?: string;
}

/** A real HTTP server on a free port of this machine, in the place of Slack or of somebody's own receiver. */
export class Receiver {
  readonly received: Received[] = [];
  /** What it answers; undefined is nothing at all. It may take its time. */
  reply: (request: Received, count: number) => Reply | undefined | Promise<Reply | undefined> = () => ({});
  readonly #server: Server;
  #waiting: { count: number; resolve: () => void }[] = [];
  #port = 0;

  constructor() {
    this.#server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const received = { path: request.url ?? '', headers: request.headers, body };
      this.received.push(received);
      for (const { count, resolve } of this.#waiting) if (this.received.length >= count) resolve();
      const reply = await this.reply(received, this.received.length);
      if (reply) response.writeHead(reply.code ?? 200, reply.headers).end(reply.text ?? 'ok');
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/hooks/T000/very-secret-path`;
  }

  get port(): number {
    return this.#port;
  }

  /** Ids of the messages that it got, in their order, repetitions included. */
  get ids(): string[] {
    return this.received.map(({ headers }) => String(headers['x-cryptosense-delivery']));
  }

  get events(): string[] {
    return this.received.map(({ headers }) => String(headers['x-cryptosense-event']));
  }

  async start(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  /** Resolves when it has got so many requests in all. Rejects after the deadline. */
  async got(count: number, deadlineMs = 10_000): Promise<void> {
    if (this.received.length >= count) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const late = setTimeout(
      () => reject(new Error(`${this.received.length} requests came and not ${count}`)),
      deadlineMs,
    );
    this.#waiting.push({ count, resolve });
    await promise.finally(() => clearTimeout(late));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
