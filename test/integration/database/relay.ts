import { connect, createServer, type Server } from 'node:net';

/** Lets containers reach a port of this machine's loopback at an address of their network. */
export async function relayTo(
  port: number,
  listen: string,
): Promise<{ port: number; stop(): Promise<void> }> {
  const server: Server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far])
      socket
        .on('error', () => {})
        .once('close', () => {
          near.destroy();
          far.destroy();
        });
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, listen, resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    stop: async () => {
      server.close();
    },
  };
}
