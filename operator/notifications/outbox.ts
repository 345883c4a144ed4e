import { createHash } from 'node:crypto';
import type { Webhook } from '../api/effective-spec.ts';
import type { NotificationKind } from '../api/spec/notifications.ts';
import type { EnvironmentStatus, Notification } from '../api/status.ts';
import type { Verdict } from '../environment/conditions.ts';
import type { Snapshot } from '../environment/snapshot.ts';
import type { Note, RolloutDecision } from '../rollout/state.ts';
import { type Deliveries, deliveryOf } from './deliveries.ts';
import { isRepeated, kindOf } from './kinds.ts';

/** More than these would make status large for receivers that are dead: the oldest are dropped. */
const MOST_WAITING = 24;
/** Messages that everybody has, kept for people and to know a repetition by. */
const MOST_DONE = 8;
const REPEATED_WITHIN_MS = 10 * 60_000;
const LONGEST_MESSAGE = 512;

type Told = Omit<Notification, 'id' | 'at' | 'waiting'>;
type Release = NonNullable<Notification['release']>;

/**
 * The messages that status is to have: those that it has without what is delivered, and those that this look adds. They
 * are written together with the state that they tell of, so that neither is there without the other. Pure.
 */
export function outboxOf(
  { environment, resolved, deliveries, now }: Snapshot,
  decision: RolloutDecision | undefined,
  stalled: Verdict | undefined,
): Notification[] {
  const { webhooks } = resolved.spec.notifications;
  const before = environment.status ?? {};
  if (webhooks.length === 0) return [];
  const names = new Set(webhooks.map(({ name }) => name));
  const kept = withoutDone(before.notifications, deliveries, names);
  const memory = decision?.memory ?? before;
  const told = [
    ...(decision?.notes ?? []).flatMap((note) => fromNote(note, before, memory, kept, now)),
    ...fromStall(before, stalled),
  ];
  const added = told.flatMap((message, index): Notification[] => {
    const waiting = webhooks.filter((webhook) => wants(webhook, message)).map(({ name }) => name);
    if (waiting.length === 0) return [];
    const at = new Date(now).toISOString();
    const id = idOf(environment.metadata.uid, at, index, message);
    return [{ id, at, ...message, waiting }];
  });
  return bounded([...kept, ...added]);
}

/** Who has a message, or is no receiver any more, does not wait for it. */
export function withoutDone(
  messages: readonly Notification[] = [],
  { done }: Deliveries,
  receivers?: ReadonlySet<string>,
): Notification[] {
  return messages.map((message) => {
    const { waiting = [], ...rest } = message;
    const left = waiting.filter(
      (name) => (receivers?.has(name) ?? true) && !done.has(deliveryOf(message, name)),
    );
    return left.length > 0 ? { ...rest, waiting: left } : rest;
  });
}

/** Whether a receiver asked for messages like this. */
function wants(webhook: Webhook, { kind, severity }: Pick<Notification, 'kind' | 'severity'>): boolean {
  if (webhook.severity === 'warning' && severity !== 'warning') return false;
  return webhook.events === undefined || webhook.events.includes(kind);
}

function fromNote(
  note: Note,
  before: EnvironmentStatus,
  memory: RolloutDecision['memory'],
  kept: Notification[],
  now: number,
): Told[] {
  const { type, reason, message } = note;
  const kind = kindOf(note);
  const text = message.slice(0, LONGEST_MESSAGE);
  const last = kept.findLast((one) => one.reason === reason && one.message === text);
  if (isRepeated(reason) && last && now - Date.parse(last.at) < REPEATED_WITHIN_MS) return [];
  const severity = type === 'Warning' ? 'warning' : 'info';
  return [{ kind, severity, reason, message: text, ...about(kind, before, memory) }];
}

/** Stalled is a state: it is told when it begins and when it ends. */
function fromStall(before: EnvironmentStatus, stalled: Verdict | undefined): Told[] {
  const was = before.conditions?.find(({ type }) => type === 'Stalled');
  if (stalled && was?.status !== 'True') {
    const { reason, message } = stalled;
    return [{ kind: 'alert', severity: 'warning', reason, message: message.slice(0, LONGEST_MESSAGE) }];
  }
  if (stalled || was?.status !== 'True') return [];
  const message = `Nothing stands in the way any more. It was: ${was.message}`.slice(0, LONGEST_MESSAGE);
  return [{ kind: 'alert', severity: 'info', reason: 'NotStalled', message }];
}

/** The release that a note is about: one that ends is no candidate any more. */
function about(
  kind: NotificationKind,
  before: EnvironmentStatus,
  memory: RolloutDecision['memory'],
): { release?: Release } {
  const { stable, candidate, rejected } = memory;
  const found =
    kind === 'promote'
      ? stable
      : kind === 'rollback'
        ? (rejected ?? before.candidate)
        : kind === 'abort'
          ? (before.candidate ?? rejected)
          : (candidate ?? before.candidate ?? stable);
  if (!found) return {};
  const { revision, number, image } = found;
  return { release: { revision, number, image } };
}

/** The same for the same message of the same environment; another one for what happens at another moment. */
function idOf(uid: string, at: string, index: number, { reason, message }: Told): string {
  return createHash('sha256').update([uid, at, index, reason, message].join('\n')).digest('hex').slice(0, 32);
}

function bounded(messages: Notification[]): Notification[] {
  const waiting = messages.filter((message) => message.waiting !== undefined).slice(-MOST_WAITING);
  const done = messages.filter((message) => message.waiting === undefined).slice(-MOST_DONE);
  return messages.filter((message) => waiting.includes(message) || done.includes(message));
}
