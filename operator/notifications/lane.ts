import type { Webhook } from '../api/effective-spec.ts';
import type { Environment } from '../api/resolved.ts';
import type { Notification } from '../api/status.ts';
import { deliveryOf } from './deliveries.ts';

/** Why messages do not get through, and whether that was seen before one was sent or when one was. */
export interface Problem {
  what: string;
  of: 'secret' | 'receiver';
}

/** What one process knows of one receiver of one environment. Messages go through it one after the other, in their order. */
export interface Lane {
  readonly key: string;
  environment: Environment;
  webhook: Webhook;
  /** What it has, or was given up, and status still says that it waits for. */
  readonly done: Set<string>;
  /** What it waited for at the last look. */
  waiting: readonly Notification[];
  /** null: none; undefined: not looked at yet. */
  problem: Problem | null | undefined;
  isRunning: boolean;
  /** Ends the pause that it is in. */
  wake: () => void;
  readonly gone: AbortController;
}

export function newLane(key: string, environment: Environment, webhook: Webhook): Lane {
  return {
    key,
    environment,
    webhook,
    done: new Set(),
    waiting: [],
    problem: undefined,
    isRunning: false,
    wake: () => {},
    gone: new AbortController(),
  };
}

/** Takes over what the environment says now. Returns the messages that are gone from it and were not told. */
export function look(lane: Lane, environment: Environment, webhook: Webhook): Notification[] {
  const isOther = JSON.stringify(webhook) !== JSON.stringify(lane.webhook);
  const { name } = webhook;
  const before = lane.waiting;
  lane.environment = environment;
  lane.webhook = webhook;
  lane.waiting = (environment.status?.notifications ?? []).filter(({ waiting }) => waiting?.includes(name));
  const dropped = before.filter(
    ({ id }) => !lane.done.has(id) && !lane.waiting.some((message) => message.id === id),
  );
  for (const id of lane.done) if (!lane.waiting.some((message) => message.id === id)) lane.done.delete(id);
  if (isOther) {
    lane.problem = undefined;
    lane.wake();
  }
  return dropped;
}

/** The message whose turn it is. */
export function nextOf({ waiting, done }: Lane): Notification | undefined {
  return waiting.find(({ id }) => !done.has(id));
}

export function doneOf({ done, webhook }: Lane): string[] {
  return [...done].map((id) => deliveryOf({ id }, webhook.name));
}
