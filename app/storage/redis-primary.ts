import { createClient } from 'redis';
import type { ConnectionUrl } from '../connection-url.ts';
import { within } from '../deadline.ts';

export type RedisConnection = ReturnType<typeof createClient>;

/** Three servers are asked at most: any one, the primary that it names, and one more when that has just changed. */
const MOST_SERVERS = 3;
const ANSWER_DEADLINE_MS = 1_000;

/**
 * A connection to the primary of the group that the URL leads to. The URL may lead to any member: each knows by ROLE whom
 * it follows. A Redis without replicas is its own primary. The connection does not heal itself: when it is lost, ask
 * again. Throws what the connecting threw, or says that there is no primary.
 */
export async function connectToPrimary(
  url: ConnectionUrl,
  onLost: (reason: Error) => void,
): Promise<RedisConnection> {
  const { hostname, port } = url.read();
  let server = { host: hostname, port: Number(port || 6379) };
  for (let asked = 0; asked < MOST_SERVERS; asked++) {
    const connection = connectionTo(server, url);
    let isPrimary = false;
    connection.on('error', (error: Error) => {
      if (isPrimary) onLost(error);
    });
    try {
      const { role, master } = await within(ANSWER_DEADLINE_MS, 'redis', roleOf(connection));
      isPrimary = role === 'master';
      if (isPrimary) return connection;
      if (master) server = master;
    } finally {
      if (!isPrimary) close(connection);
    }
  }
  throw new Error(`${server.host}:${server.port} is not primary any more, and nobody is yet`);
}

/** Ends a connection in whatever state it is; what waits for an answer fails. */
export function close(connection: RedisConnection): void {
  if (connection.isOpen) connection.destroy();
}

async function roleOf(
  connection: RedisConnection,
): Promise<{ role: string; master?: { host: string; port: number } }> {
  await connection.connect();
  try {
    const found = await connection.role();
    return found?.role === 'slave' ? { role: 'slave', master: found.master } : { role: found?.role ?? '' };
  } catch (error) {
    // A login that may not ask is that of a service which shows one address for the whole group.
    if (error instanceof Error && error.message.startsWith('NOPERM')) return { role: 'master' };
    throw error;
  }
}

function connectionTo(server: { host: string; port: number }, url: ConnectionUrl): RedisConnection {
  const { protocol, pathname, password } = url.read();
  return createClient({
    socket: {
      ...server,
      connectTimeout: ANSWER_DEADLINE_MS,
      // Another server may be primary by then.
      reconnectStrategy: false,
      ...(protocol === 'rediss:' ? { tls: true as const } : {}),
    },
    database: Number(pathname.slice(1) || 0),
    // A cache that is away must cost nothing: fail at once rather than queue until it is back.
    disableOfflineQueue: true,
    // Redis of ours sends none; asking for them would resolve the name once more at every connection.
    maintNotifications: 'disabled',
    ...(password === '' ? {} : { credentialsProvider: credentialsOf(url) }),
  });
}

function credentialsOf(url: ConnectionUrl) {
  return {
    type: 'async-credentials-provider' as const,
    credentials: async () => {
      const { username, password } = url.read();
      return {
        ...(username === '' ? {} : { username: decodeURIComponent(username) }),
        password: decodeURIComponent(password),
      };
    },
  };
}
