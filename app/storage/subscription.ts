import { setTimeout as wait } from 'node:timers/promises';
import type { ConnectionUrl } from '../connection-url.ts';
import { within } from '../deadline.ts';
import { close, connectToPrimary } from './redis-primary.ts';

const LONGEST_WAIT_MS = 1_000;
const PING_EVERY_MS = 5_000;
const PING_DEADLINE_MS = 1_000;

/**
 * Hears what is published on a channel of Redis, on a connection of its own that is made anew whenever it is lost.
 * What is published in between is missed: whoever needs all of it has to look where it is stored.
 */
export function subscribe(
  url: ConnectionUrl,
  channel: string,
  onMessage: (message: string) => void,
): { end(): Promise<void> } {
  const ending = new AbortController();
  const { signal } = ending;

  const follow = async () => {
    for (let attempt = 0; !signal.aborted; attempt++) {
      const { promise: lost, resolve: lose } = Promise.withResolvers<unknown>();
      signal.addEventListener('abort', lose, { once: true });
      const connection = await connectToPrimary(url, lose).catch(() => undefined);
      if (connection) {
        // A node that vanished ends no connection: somebody has to ask.
        const asking = setInterval(() => {
          within(PING_DEADLINE_MS, 'redis', connection.ping()).catch(lose);
        }, PING_EVERY_MS);
        try {
          await within(PING_DEADLINE_MS, 'redis', connection.subscribe(channel, onMessage));
          attempt = 0;
          await lost;
        } catch {
          // Tried again below, like a connection that did not come about.
        } finally {
          clearInterval(asking);
          close(connection);
        }
      }
      signal.removeEventListener('abort', lose);
      const ms = Math.min(50 * 2 ** attempt, LONGEST_WAIT_MS) * (0.5 + Math.random() / 2);
      await wait(ms, undefined, { signal }).catch(() => {});
    }
  };
  const following = follow();
  return {
    end: async () => {
      ending.abort();
      await following;
    },
  };
}
