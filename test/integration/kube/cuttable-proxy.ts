import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy before a server on this machine, whose connections can be cut and frozen. */
export class CuttableProxy {
  readonly #server: Server;
  readonly #pairs = new Set<[Socket, Socket]>();
  opened = 0;

  private constructor(targetPort: number) {
    this.#server = createServer((near) => {
      this.opened += 1;
      const far = connect(targetPort, '127.0.0.1');
      const pair: [Socket, Socket] = [near, far];
      this.#pairs.add(pair);
      const end = () => {
        near.destroy();
        far.destroy();
        this.#pairs.delete(pair);
      };
      for (const socket of pair) socket.on('error', end).on('close', end);
      near.pipe(far);
      far.pipe(near);
    });
  }

  static async before(url: string): Promise<CuttableProxy> {
    const proxy = new CuttableProxy(Number(new URL(url).port));
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many connections are open now. */
  get open(): number {
    return this.#pairs.size;
  }

  /** Resets every connection. */
  cut(): void {
    for (const [near, far] of this.#pairs) {
      near.resetAndDestroy();
      far.destroy();
    }
  }

  /** Connections of now stay open and carry nothing to the client any more, as behind a firewall that forgot them. */
  silence(): void {
    for (const [near, far] of this.#pairs) {
      far.unpipe(near);
      far.resume();
    }
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
