import { connect, createServer, type Server, type Socket } from 'node:net';
import type { KubeObject } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';

const LOOK_MS = 100;

/**
 * A Service as nodes make it: leads every new connection to the address in its Endpoints, refuses them when there is
 * none, and leaves connections of before where they are. While the API server is away it goes on with what it knows.
 */
export class ServiceProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #path: string;
  readonly #client: KubeClient;
  #target: string | undefined;
  #isOver = false;

  private constructor(client: KubeClient, namespace: string, name: string, port: number) {
    this.#client = client;
    this.#path = `/api/v1/namespaces/${namespace}/endpoints/${name}`;
    this.#server = createServer((near) => {
      if (this.#target === undefined) {
        near.destroy();
        return;
      }
      const far = connect(port, this.#target);
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(socket);
        socket
          .on('error', () => {})
          .once('close', () => {
            this.#sockets.delete(socket);
            other.destroy();
          });
      }
      near.pipe(far).pipe(near);
    });
  }

  static async before(
    client: KubeClient,
    { namespace, name, port, listen }: { namespace: string; name: string; port: number; listen: string },
  ): Promise<ServiceProxy> {
    const proxy = new ServiceProxy(client, namespace, name, port);
    await new Promise<void>((resolve) => proxy.#server.listen(0, listen, resolve));
    void proxy.#follow();
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #follow(): Promise<void> {
    while (!this.#isOver) {
      try {
        const found = await this.#client.request<KubeObject>({
          method: 'GET',
          path: this.#path,
          timeoutMs: 1000,
        });
        const { subsets = [] } = found as unknown as { subsets?: { addresses?: { ip: string }[] }[] };
        this.#target = subsets[0]?.addresses?.[0]?.ip;
      } catch {
        // The API server is away, or there are no Endpoints yet.
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
}
