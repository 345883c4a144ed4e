import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export type NotificationMetrics = ReturnType<typeof notificationMetrics>;

/** Names of environments and receivers are not in them: there may be thousands. */
export function notificationMetrics(registry: Registry, waiting: () => number) {
  const registers = [registry];
  const tries = new Counter<'type' | 'result'>({
    name: 'cryptosense_notification_tries_total',
    help: 'Tries to deliver a message by type of receiver and result: taken, failed (tried again), refused.',
    labelNames: ['type', 'result'],
    registers,
  });
  const lost = new Counter<'type' | 'reason'>({
    name: 'cryptosense_notifications_lost_total',
    help: 'Messages that a receiver did not get, by reason: refused, expired (tried for too long), dropped (too many).',
    labelNames: ['type', 'reason'],
    registers,
  });
  // A counter that was never touched is not exported, and an alert on its rate never fires.
  for (const type of ['slack', 'generic']) {
    for (const result of ['taken', 'failed', 'refused']) tries.inc({ type, result }, 0);
    for (const reason of ['refused', 'expired', 'dropped']) lost.inc({ type, reason }, 0);
  }
  const seconds = new Histogram<'type'>({
    name: 'cryptosense_notification_delivery_seconds',
    help: 'From what happened to the answer of a receiver that took the message, retries included.',
    labelNames: ['type'],
    buckets: [...SECONDS, 30, 60, 300, 900, 3_600, 14_400],
    registers,
  });
  new Gauge({
    name: 'cryptosense_notifications_waiting',
    help: 'Messages that wait for a receiver, counted once a receiver.',
    registers,
    collect() {
      this.set(waiting());
    },
  });
  return { tries, lost, seconds };
}
