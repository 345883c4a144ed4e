import type { Notification } from '../api/status.ts';
import type { Verdict } from '../environment/conditions.ts';
import type { Snapshot } from '../environment/snapshot.ts';

/** Whether messages get through; undefined where nobody is to be told. */
export function notificationsReady(
  { environment, resolved, deliveries }: Snapshot,
  messages: readonly Notification[],
): Verdict | undefined {
  const { webhooks } = resolved.spec.notifications;
  if (webhooks.length === 0) return undefined;
  const bad = webhooks.flatMap(({ name }) => {
    const problem = deliveries.problems[name];
    if (typeof problem !== 'string') return [];
    const count = messages.filter(({ waiting }) => waiting?.includes(name)).length;
    return `${name}: ${problem}${count === 0 ? '' : `; ${count === 1 ? '1 message waits' : `${count} messages wait`}`}`;
  });
  if (bad.length > 0) return said('False', 'NotDelivered', `${bad.join('. ')}.`);
  if (webhooks.every(({ name }) => deliveries.problems[name] === null))
    return said('True', 'Deliverable', 'What is known of the receivers keeps no message from them.');
  // A process that has just begun knows less than the one before it.
  const before = environment.status?.conditions?.find(({ type }) => type === 'NotificationsReady');
  if (before) return said(before.status, before.reason, before.message);
  return said('Unknown', 'NotLookedAt', 'The receivers are being looked at.');
}

function said(status: Verdict['status'], reason: string, message: string): Verdict {
  return { status, reason, message: message.slice(0, 2048) };
}
