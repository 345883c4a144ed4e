import { setTimeout } from 'node:timers/promises';
import type { SessionStore } from '../accounts/session-store.ts';
import type { Leadership } from '../feed/leader.ts';
import type { Database } from '../storage/database.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import { deliverMessages } from './delivery.ts';
import { fireAlerts } from './evaluation.ts';
import type { WebhookSender } from './webhook.ts';

export interface AlertWorker {
  /** Finishes what is under way, and lets another replica take over. */
  stop(): Promise<void>;
}

/** Ended sessions have time: every twelfth round, once a minute by default. */
const ROUNDS_A_SWEEP = 12;

/**
 * Evaluates alerts, sends their messages and clears away ended sessions, every `intervalMs` on the replica that has the
 * lead. The lead saves work and is no promise: all of it may run twice at once.
 */
export function startAlertWorker(options: {
  database: Database;
  sender: WebhookSender;
  sessions: SessionStore;
  leadership: Leadership;
  onFired: (alerts: number) => void;
  logger: Logger;
  intervalMs: number;
}): AlertWorker {
  const { database, sender, sessions, leadership, onFired, logger, intervalMs } = options;
  const stopped = new AbortController();
  let leads = false;
  let rounds = 0;
  let knownError: string | undefined;

  const work = async () => {
    leads = (await leadership.hold()) !== 'standby';
    if (!leads) return;
    onFired(await fireAlerts(database));
    while ((await deliverMessages(database, sender)) > 0 && !stopped.signal.aborted);
    if (rounds++ % ROUNDS_A_SWEEP === 0) await sessions.sweep();
  };

  const loop = async () => {
    while (!stopped.signal.aborted) {
      try {
        await work();
        knownError = undefined;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (knownError !== message) logger.warn('alerts were not evaluated', errorFields(error));
        knownError = message;
      }
      await setTimeout(intervalMs, undefined, { signal: stopped.signal }).catch(() => {});
    }
  };
  const running = loop();

  return {
    stop: async () => {
      stopped.abort();
      await running;
      if (leads) await leadership.release();
      await sender.close();
    },
  };
}
