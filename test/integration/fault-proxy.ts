import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** What happens to one request instead of being passed on and answered. */
export type Fault =
  /** Answered by the proxy; the server hears nothing of it. */
  | { do: 'refuse'; code: number; reason: string; retryAfterSeconds?: number }
  /** Passed on after a while. */
  | { do: 'delay'; ms: number }
  /** The server does it; its answer comes after a while. */
  | { do: 'delay the answer'; ms: number }
  /** The server does it; half of its answer arrives, then the connection ends. */
  | { do: 'halve' }
  /** The connection is reset; the server hears nothing of it. */
  | { do: 'lose the request' }
  /** The server does it, and the connection is reset instead of an answer. */
  | { do: 'lose the answer' }
  /** Nothing comes, and the connection stays open. */
  | { do: 'stall' };

export type Script = (asked: { method: string; path: string; isWatch: boolean }) => Fault | undefined;

interface Watch {
  near: ServerResponse;
  far: IncomingMessage;
  isSilenced: boolean;
}

const HALF_AN_EVENT = '{"type":"ADDED","object":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"ha';
const EXPIRED = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };

/**
 * An HTTPS proxy before an API server that does to each request what a script says. It shows the server's own
 * certificate, so that its clients connect as they would to the server.
 */
export class FaultProxy {
  /** What to do to the requests from now on; undefined passes them on. */
  script: Script = () => undefined;
  readonly #server: Server;
  readonly #target: URL;
  readonly #agent: Agent;
  readonly #sockets = new Set<Socket>();
  readonly #watches = new Set<Watch>();
  readonly #stalled = new Set<ServerResponse>();
  #underWay = 0;

  private constructor(target: string, pair: { key: Buffer; cert: Buffer }) {
    this.#target = new URL(target);
    this.#agent = new Agent({ keepAlive: true, ca: pair.cert, maxFreeSockets: 4 });
    this.#server = createServer(pair, (asked, near) => this.#serve(asked, near));
    this.#server.keepAliveTimeout = 0;
    this.#server.on('secureConnection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {}).once('close', () => this.#sockets.delete(socket));
    });
  }

  /** @param pair the certificate that the server shows, and its key. */
  static async before(target: string, pair: { key: Buffer; cert: Buffer }): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, pair);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connections that clients hold open. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Requests, watches left out, that the server has not answered yet, also those nobody waits for any more. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Resets every connection. */
  cut(): void {
    for (const socket of this.#sockets) (socket as Socket).destroy();
  }

  /** Ends every watch inside an event, as a crash of something in between does. */
  cutWatches(): void {
    for (const { near } of this.#watches) near.write(HALF_AN_EVENT, () => near.socket?.destroy());
  }

  /** Ends every watch in peace, as the server does after its time. */
  endWatches(): void {
    for (const { near } of this.#watches) near.end();
  }

  /** Lets every watch believe that the server has forgotten its version. */
  expireWatches(): void {
    const event = `${JSON.stringify({ type: 'ERROR', object: EXPIRED })}\n`;
    for (const { near } of this.#watches) near.write(event);
  }

  /** The watches of now carry nothing for a while, then everything at once. */
  delayWatches(ms: number): void {
    for (const watch of this.#watches) {
      const { near, far } = watch;
      far.unpipe(near);
      // What was silenced meanwhile has lost something: no connection goes on after that.
      setTimeout(() => watch.isSilenced || far.unpipe(near).pipe(near), ms);
    }
  }

  /** The watches of now stay open and carry nothing any more, as behind a firewall that forgot them. */
  silenceWatches(): void {
    for (const watch of this.#watches) {
      watch.isSilenced = true;
      watch.far.unpipe(watch.near);
      watch.far.resume();
    }
  }

  /** No more faults; requests that stall are reset, watches that were silenced stay so. */
  calm(): void {
    this.script = () => undefined;
    for (const near of this.#stalled) near.socket?.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    this.#agent.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(asked: IncomingMessage, near: ServerResponse): void {
    const url = new URL(asked.url ?? '/', this.#target);
    const isWatch = url.searchParams.get('watch') === 'true';
    const fault = this.script({ method: asked.method ?? 'GET', path: url.pathname, isWatch });
    near.on('error', () => {});
    if (fault?.do === 'refuse') {
      asked.resume();
      refuse(near, fault);
    } else if (fault?.do === 'lose the request') asked.socket.destroy();
    else if (fault?.do === 'stall') {
      asked.resume();
      this.#stalled.add(near);
      near.once('close', () => this.#stalled.delete(near));
    } else if (fault?.do === 'delay') setTimeout(() => this.#pass(asked, near, isWatch, undefined), fault.ms);
    else this.#pass(asked, near, isWatch, fault);
  }

  #pass(
    asked: IncomingMessage,
    near: ServerResponse,
    isWatch: boolean,
    fault: (Fault & { do: 'halve' | 'lose the answer' | 'delay the answer' }) | undefined,
  ): void {
    // Who asked has gone while the request was delayed.
    if (near.closed || asked.socket.destroyed) return;
    const { hostname, port } = this.#target;
    const options = { hostname, port, path: asked.url, method: asked.method, headers: asked.headers };
    const far = request({ ...options, agent: isWatch ? false : this.#agent, ca: this.#agent.options.ca });
    if (!isWatch) {
      this.#underWay += 1;
      far.once('close', () => {
        this.#underWay -= 1;
      });
    }
    const fail = () => near.socket?.destroy();
    far.on('error', fail);
    // The server learns that nobody waits any more; whether it still does what was asked is its choice.
    near.once('close', () => far.destroy());
    far.once('response', (answer) => {
      answer.on('error', fail);
      const give = () => {
        near.writeHead(answer.statusCode ?? 500, answer.headers);
        near.flushHeaders();
        answer.pipe(near);
        if (isWatch) this.#keep({ near, far: answer, isSilenced: false });
      };
      if (fault?.do === 'lose the answer') fail();
      else if (fault?.do === 'halve') void halve(answer, near).catch(fail);
      else if (fault?.do === 'delay the answer') setTimeout(give, fault.ms);
      else give();
    });
    asked.pipe(far);
  }

  #keep(watch: Watch): void {
    this.#watches.add(watch);
    watch.near.once('close', () => this.#watches.delete(watch));
  }
}

function refuse(near: ServerResponse, fault: Fault & { do: 'refuse' }): void {
  const { code, reason, retryAfterSeconds } = fault;
  const wait = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: 'by chance' };
  near.writeHead(code, { 'content-type': 'application/json', ...wait }).end(JSON.stringify(status));
}

async function halve(answer: IncomingMessage, near: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const { 'transfer-encoding': _, ...headers } = answer.headers;
  near.writeHead(answer.statusCode ?? 500, { ...headers, 'content-length': body.length });
  near.write(body.subarray(0, body.length >> 1), () => near.socket?.destroy());
}
