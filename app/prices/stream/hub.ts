import type { ServerResponse } from 'node:http';
import { eventOf, type Moment } from './moment.ts';

/** What a stream writes to: a response, as far as the hub needs it. */
export type StreamClient = Pick<ServerResponse, 'write' | 'end' | 'destroy' | 'once' | 'writableLength'>;

/** Why a stream ended. */
export type StreamEnd = 'gone' | 'slow' | 'drained';

export interface Hub {
  /** The moment that was published last. */
  readonly newest: Moment | undefined;
  readonly size: number;
  readonly isFull: boolean;
  /** Passes a moment on to everybody, once, however often and from wherever it is published; older ones are left out. */
  publish(moment: Moment): void;
  /** Adds a client. `after` is the last moment that it has: it gets the newest one if that is later. */
  join(client: StreamClient, options: { symbols?: ReadonlySet<string>; after?: number }): void;
  /** Ends all streams; clients come back by themselves, to another replica. */
  end(): void;
}

/** A client that has not taken so much is dropped: memory belongs to those who read. It comes back where it left off. */
const MOST_UNREAD_BYTES = 64 * 1024;
const HEARTBEAT = Buffer.from(': heartbeat\n\n');

interface Member {
  readonly client: StreamClient;
  /** Symbols, sorted and joined: clients with the same share one event's bytes. */
  readonly filter: string;
  readonly symbols: ReadonlySet<string> | undefined;
}

/** Fans moments out to streams. One event is made once for each choice of symbols, and its bytes are shared. */
export function createHub(options: {
  heartbeatMs: number;
  mostClients: number;
  onEnd?: (reason: StreamEnd) => void;
  onPublish?: (moment: Moment) => void;
}): Hub {
  const members = new Map<StreamClient, Member>();
  let newest: Moment | undefined;

  const leave = (client: StreamClient, reason: StreamEnd) => {
    if (members.delete(client)) options.onEnd?.(reason);
  };
  const send = (client: StreamClient, bytes: Buffer | string) => {
    // Before the write: a reader is behind by what it has not taken of earlier events, not by the size of this one.
    if (client.writableLength > MOST_UNREAD_BYTES) {
      leave(client, 'slow');
      client.destroy();
    } else client.write(bytes);
  };
  const heartbeat = setInterval(() => {
    for (const client of members.keys()) send(client, HEARTBEAT);
  }, options.heartbeatMs);
  heartbeat.unref();

  return {
    get newest() {
      return newest;
    },
    get size() {
      return members.size;
    },
    get isFull() {
      return members.size >= options.mostClients;
    },
    publish: (moment) => {
      if (newest && moment.id <= newest.id) return;
      newest = moment;
      options.onPublish?.(moment);
      const made = new Map<string, Buffer | undefined>();
      for (const { client, filter, symbols } of members.values()) {
        if (!made.has(filter)) made.set(filter, bytesOf(moment, symbols));
        const bytes = made.get(filter);
        if (bytes) send(client, bytes);
      }
    },
    join: (client, { symbols, after = 0 }) => {
      const filter = symbols ? [...symbols].sort().join() : '';
      members.set(client, { client, filter, symbols });
      client.once('close', () => leave(client, 'gone'));
      const first = newest && newest.id > after ? bytesOf(newest, symbols) : undefined;
      if (first) send(client, first);
    },
    end: () => {
      clearInterval(heartbeat);
      for (const client of [...members.keys()]) {
        leave(client, 'drained');
        client.end();
      }
    },
  };
}

function bytesOf(moment: Moment, symbols: ReadonlySet<string> | undefined): Buffer | undefined {
  const event = eventOf(moment, symbols);
  return event === undefined ? undefined : Buffer.from(event);
}
