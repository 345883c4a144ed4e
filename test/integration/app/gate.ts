import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Address } from '../containers.ts';

/**
 * A TCP relay in front of a real server that a test can shut: `cut` is a server that is gone (connections are
 * refused), `hang` one that no longer answers. `open` makes it well again, at the same address.
 */
export class Gate implements Address {
  readonly host = '127.0.0.1';
  readonly #target: Address;
  readonly #sockets = new Set<Socket>();
  #port = 0;
  #server: Server | undefined;
  #hanging = false;

  static async to(target: Address): Promise<Gate> {
    const gate = new Gate(target);
    await gate.open();
    return gate;
  }

  private constructor(target: Address) {
    this.#target = target;
  }

  get port(): number {
    return this.#port;
  }

  async cut(): Promise<void> {
    if (!this.#server) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  hang(): void {
    this.#hanging = true;
    for (const socket of this.#sockets) socket.pause();
  }

  async open(): Promise<void> {
    this.#hanging = false;
    for (const socket of this.#sockets) socket.resume();
    if (this.#server) return;
    this.#server = createServer((socket) => this.#relay(socket)).listen(this.#port, this.host);
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (typeof address === 'object' && address !== null) this.#port = address.port;
  }

  #relay(near: Socket): void {
    const far = connect(this.#target.port, this.#target.host);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('data', (data) => other.write(data));
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      if (this.#hanging) socket.pause();
    }
  }
}
