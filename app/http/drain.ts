import type { Server } from 'node:http';
import type { Middleware } from 'koa';

/**
 * Closing time of an HTTP server without a lost request. While it drains it still serves, because proxies go on
 * sending until they have heard that the pod is going; each answer asks the client to come back on another
 * connection, so that few are left when the door closes.
 */
export class Drain {
  #begun = false;

  get begun(): boolean {
    return this.#begun;
  }

  readonly middleware: Middleware = async (ctx, next) => {
    await next();
    if (this.#begun) ctx.set('Connection', 'close');
  };

  /**
   * Serves for `drainMs`, then stops accepting and waits for the requests under way, at most `graceMs`. Resolves
   * with false when some had to be cut. `beforeClosing` ends what would never end by itself.
   */
  async run(
    server: Server,
    drainMs: number,
    graceMs: number,
    beforeClosing: () => void = () => {},
  ): Promise<boolean> {
    this.#begun = true;
    await new Promise((resolve) => setTimeout(resolve, drainMs));
    beforeClosing();
    await quietMoment(server);
    // close() also closes the connections on which nothing is under way.
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    let complete = true;
    const cut = setTimeout(() => {
      complete = false;
      server.closeAllConnections();
    }, graceMs);
    await closed;
    clearTimeout(cut);
    return complete;
  }
}

const LONGEST_WAIT_MS = 250;

/**
 * Resolves right after the event loop has found no connection to take in. Those that the kernel has accepted and this
 * process has not seen yet would be reset by close(); this leaves microseconds for one to slip in.
 */
async function quietMoment(server: Server): Promise<void> {
  const deadline = performance.now() + LONGEST_WAIT_MS;
  let quiet = false;
  const onConnection = () => {
    quiet = false;
  };
  server.on('connection', onConnection);
  while (!quiet && performance.now() < deadline) {
    quiet = true;
    // An immediate runs just after the loop has polled its sockets.
    await new Promise((resolve) => setImmediate(resolve));
  }
  server.off('connection', onConnection);
}
