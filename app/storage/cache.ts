import { createClient } from 'redis';
import type { ConnectionUrl } from '../connection-url.ts';
import { within } from '../deadline.ts';

/** Redis as the application needs it. Every operation has a deadline and throws when Redis is gone. */
export interface Cache {
  /** Resolves when the first attempt to connect has succeeded or failed: until then nobody knows whether Redis is there. */
  readonly tried: Promise<void>;
  get(key: string): Promise<string | null>;
  set(key: string, value: string, ttlMs: number): Promise<void>;
  ping(): Promise<void>;
  /** Takes or keeps a lock for `ttlMs`. True when `token` holds it now. */
  hold(key: string, token: string, ttlMs: number): Promise<boolean>;
  /** Gives up a lock, if `token` still holds it. */
  release(key: string, token: string): Promise<void>;
  end(): Promise<void>;
}

const OPERATION_DEADLINE_MS = 250;

// Compare and act in one step: another replica may take the lock between a GET and a PEXPIRE.
const HOLD = `
  if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
  return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0`;
const RELEASE = `
  if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
  return 0`;

/**
 * Connects in the background and again whenever the connection is lost. `onChange` hears of both, once each, so
 * that a log does not fill while Redis is away.
 */
export function openCache(options: {
  url: ConnectionUrl;
  onChange: (state: 'connected' | 'lost', reason?: string) => void;
}): Cache {
  const url = options.url.read();
  const client = createClient({
    socket: {
      host: url.hostname,
      port: Number(url.port || 6379),
      connectTimeout: 1_000,
      reconnectStrategy: (attempt) => Math.min(50 * 2 ** attempt, 2_000) * (0.5 + Math.random() / 2),
      ...(url.protocol === 'rediss:' ? { tls: true as const } : {}),
    },
    database: Number(url.pathname.slice(1) || 0),
    // A cache that is away must cost nothing: fail at once rather than queue until it is back.
    disableOfflineQueue: true,
    ...(url.password === '' ? {} : { credentialsProvider: credentialsOf(options.url) }),
  });

  const { promise: tried, resolve: haveTried } = Promise.withResolvers<void>();
  let connected: boolean | undefined;
  client.on('ready', () => {
    if (connected !== true) options.onChange('connected');
    connected = true;
    haveTried();
  });
  client.on('error', (error: Error) => {
    if (connected !== false) options.onChange('lost', error.message || error.name);
    connected = false;
    haveTried();
  });
  client.connect().catch(() => {});

  const soon = <T>(work: Promise<T>) => within(OPERATION_DEADLINE_MS, 'redis', work);
  return {
    tried,
    get: (key) => soon(client.get(key)),
    set: async (key, value, ttlMs) => {
      await soon(client.set(key, value, { expiration: { type: 'PX', value: ttlMs } }));
    },
    ping: async () => {
      await soon(client.ping());
    },
    hold: async (key, token, ttlMs) =>
      (await soon(client.eval(HOLD, { keys: [key], arguments: [token, String(ttlMs)] }))) === 1,
    release: async (key, token) => {
      await soon(client.eval(RELEASE, { keys: [key], arguments: [token] }));
    },
    end: async () => {
      if (!client.isOpen) return;
      await within(1_000, 'redis', client.close()).catch(() => client.destroy());
    },
  };
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
