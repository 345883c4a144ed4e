import { createServer } from 'node:net';

/** A port of 127.0.0.1 that nobody listens on: the first free one of `preferred`, else any. */
export async function freePort(preferred: readonly number[] = []): Promise<number> {
  for (const port of preferred) if ((await listen(port)) !== undefined) return port;
  const port = await listen(0);
  if (port === undefined) throw new Error('No port of 127.0.0.1 is free');
  return port;
}

function listen(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      const taken = typeof address === 'object' && address !== null ? address.port : undefined;
      server.close(() => resolve(taken));
    });
  });
}
