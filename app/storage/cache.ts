import { setTimeout } from 'node:timers/promises';
import type { ConnectionUrl } from '../connection-url.ts';
import { DeadlineExceeded, within } from '../deadline.ts';
import { traced } from '../telemetry/trace.ts';
import { close, connectToPrimary, type RedisConnection } from './redis-primary.ts';

/** Redis as the application needs it. Every operation has a deadline and throws when Redis is gone. */
export interface Cache {
  /** Resolves when the first attempt to connect has succeeded or failed: until then nobody knows whether Redis is there. */
  readonly tried: Promise<void>;
  get(key: string): Promise<string | null>;
  set(key: string, value: string, ttlMs: number): Promise<void>;
  delete(key: string): Promise<void>;
  /** Runs a Lua script, one step for everybody else. Keys and arguments are texts, the answer is the script's. */
  run(script: string, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  ping(): Promise<void>;
  /** Tells those who listen at this moment. */
  publish(channel: string, message: string): Promise<void>;
  /** Adds to counters, which live for `ttlMs` from then on, and returns what they are now. */
  add(increments: readonly (readonly [key: string, count: number])[], ttlMs: number): Promise<number[]>;
  /** Takes or keeps a lock for `ttlMs`. True when `token` holds it now. */
  hold(key: string, token: string, ttlMs: number): Promise<boolean>;
  /** Gives up a lock, if `token` still holds it. */
  release(key: string, token: string): Promise<void>;
  end(): Promise<void>;
}

const OPERATION_DEADLINE_MS = 250;
const LONGEST_WAIT_MS = 1_000;
/** So many operations in a row without an answer, and another connection is tried. */
const SILENT_OPERATIONS = 3;

// Compare and act in one step: another replica may take the lock between a GET and a PEXPIRE.
const HOLD = `
  if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
  return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0`;
const ADD = `
  local totals = {}
  for i, key in ipairs(KEYS) do
    totals[i] = redis.call('INCRBY', key, ARGV[i + 1])
    redis.call('PEXPIRE', key, ARGV[1])
  end
  return totals`;
const RELEASE = `
  if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
  return 0`;

/**
 * Connects to the primary in the background, and to the one that is primary then whenever that connection is lost.
 * `onChange` hears of both, once each, so that a log does not fill while Redis is away.
 */
export function openCache(options: {
  url: ConnectionUrl;
  onChange: (state: 'connected' | 'lost', reason?: string) => void;
}): Cache {
  const { promise: tried, resolve: haveTried } = Promise.withResolvers<void>();
  const ending = new AbortController();
  let primary: RedisConnection | undefined;
  let isKnownLost = false;
  let lose = (_reason: Error): void => {};

  const follow = async () => {
    for (let attempt = 0; !ending.signal.aborted; attempt++) {
      const { promise: lost, resolve } = Promise.withResolvers<Error>();
      lose = resolve;
      let reason: Error;
      try {
        primary = await connectToPrimary(options.url, lose);
        options.onChange('connected');
        isKnownLost = false;
        attempt = 0;
        haveTried();
        reason = await lost;
      } catch (error) {
        reason = error as Error;
      }
      if (primary) close(primary);
      primary = undefined;
      if (ending.signal.aborted) return;
      if (!isKnownLost) options.onChange('lost', reason.message || reason.name);
      isKnownLost = true;
      haveTried();
      const ms = Math.min(50 * 2 ** attempt, LONGEST_WAIT_MS) * (0.5 + Math.random() / 2);
      await setTimeout(ms, undefined, { signal: ending.signal }).catch(() => {});
    }
  };
  const following = follow();

  let late = 0;
  const soon = <T>(operation: string, work: (redis: RedisConnection) => Promise<T>): Promise<T> =>
    traced(
      `redis ${operation}`,
      'client',
      { 'db.system.name': 'redis', 'db.operation.name': operation },
      () => answered(work),
    );
  const answered = async <T>(work: (redis: RedisConnection) => Promise<T>): Promise<T> => {
    if (!primary) throw new Error('redis is away');
    try {
      const answer = await within(OPERATION_DEADLINE_MS, 'redis', work(primary));
      late = 0;
      return answer;
    } catch (error) {
      late = error instanceof DeadlineExceeded ? late + 1 : 0;
      const isReplicaNow = error instanceof Error && error.message.startsWith('READONLY');
      // A node that vanished ends no connection: its silence has to be enough.
      if (isReplicaNow || late >= SILENT_OPERATIONS) {
        late = 0;
        lose(error as Error);
      }
      throw error;
    }
  };
  return {
    tried,
    get: (key) => soon('GET', (redis) => redis.get(key)),
    set: async (key, value, ttlMs) => {
      await soon('SET', (redis) => redis.set(key, value, { expiration: { type: 'PX', value: ttlMs } }));
    },
    delete: async (key) => {
      await soon('DEL', (redis) => redis.del(key));
    },
    run: (script, keys, args) =>
      soon(
        'EVAL',
        (redis): Promise<unknown> => redis.eval(script, { keys: [...keys], arguments: [...args] }),
      ),
    ping: async () => {
      await soon('PING', (redis) => redis.ping());
    },
    publish: async (channel, message) => {
      await soon('PUBLISH', (redis) => redis.publish(channel, message));
    },
    add: async (increments, ttlMs) => {
      const keys = increments.map(([key]) => key);
      const counts = increments.map(([, count]) => String(count));
      const totals = await soon('EVAL', (redis) =>
        redis.eval(ADD, { keys, arguments: [String(ttlMs), ...counts] }),
      );
      return Array.isArray(totals) ? totals.map(Number) : [];
    },
    hold: async (key, token, ttlMs) =>
      (await soon('EVAL', (redis) =>
        redis.eval(HOLD, { keys: [key], arguments: [token, String(ttlMs)] }),
      )) === 1,
    release: async (key, token) => {
      await soon('EVAL', (redis) => redis.eval(RELEASE, { keys: [key], arguments: [token] }));
    },
    end: async () => {
      ending.abort();
      if (primary) await within(1_000, 'redis', primary.close()).catch(() => {});
      lose(new Error('the cache is closed'));
      await following;
    },
  };
}
