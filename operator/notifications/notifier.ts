import type { Agent } from 'undici';
import type { Webhook } from '../api/effective-spec.ts';
import type { Environment } from '../api/resolved.ts';
import type { Notification } from '../api/status.ts';
import { Backoff } from '../kube/backoff.ts';
import { type Clock, pause, systemClock, unlessAborted } from '../kube/clock.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Log } from '../kube/log.ts';
import type { KubeClient } from '../kube/transport.ts';
import { type Deliveries, NOTHING_DELIVERED } from './deliveries.ts';
import type { AllowedHosts } from './destination.ts';
import { genericMessage } from './generic.ts';
import { doneOf, type Lane, look, newLane, nextOf, type Problem } from './lane.ts';
import type { NotificationMetrics } from './metrics.ts';
import { type Answer, post, receiversAgent } from './post.ts';
import { type Destination, destinationOf, NotToldError } from './secrets.ts';
import { slackMessage } from './slack.ts';

/** A message that a receiver did not take for so long is of no use any more. docs/notifications.md says so. */
export const GIVEN_UP_AFTER_MS = 4 * 3_600_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 5 * 60_000;
/** However long a receiver asks to be left alone. */
const LONGEST_WAIT_MS = 60 * 60_000;
/** A Secret that is not as it has to be is looked at again after this long, also when there is nothing to tell. */
const LOOK_AGAIN_MS = 60_000;
/** What a stop leaves to the tries under way. */
const STOP_MS = 3_000;

export interface NotifierOptions {
  client: KubeClient;
  events: Pick<EventRecorder, 'event'>;
  log: Log;
  /** Throws when this process is not the leader any more. */
  assertLeading: () => void;
  /** Called with "namespace/name" when what `look` returns has changed. */
  onChange: (key: string) => void;
  metrics: NotificationMetrics;
  allowedHosts: AllowedHosts;
  clock?: Clock;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/**
 * Delivers the messages that the statuses of environments say are waiting.
 * - `look` never waits: nothing that a receiver does, or does not do, holds up a reconciliation.
 * - At least once: a message is tried until it is known to be taken, under the same id at each try.
 * - Each receiver of each environment has a lane of its own, where messages keep their order: one that is dead keeps no
 *   message from another.
 */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #clock: Clock;
  readonly #now: () => number;
  readonly #agent: Agent;
  /** By key and receiver. */
  readonly #lanes = new Map<string, Map<string, Lane>>();
  readonly #stopping = new AbortController();
  readonly #cut = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(options: NotifierOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#now = options.now ?? Date.now;
    this.#agent = receiversAgent(options.allowedHosts);
  }

  /** Takes note of what waits for whom, and says what is known of it. */
  look(key: string, environment: Environment): Deliveries {
    const webhooks = environment.spec.notifications?.webhooks ?? [];
    this.#forgetOthers(key, environment, webhooks);
    if (webhooks.length === 0) return NOTHING_DELIVERED;
    const lanes = this.#lanes.get(key) ?? new Map<string, Lane>();
    this.#lanes.set(key, lanes);
    for (const webhook of webhooks) {
      const lane = lanes.get(webhook.name) ?? newLane(key, environment, webhook);
      lanes.set(webhook.name, lane);
      for (const message of look(lane, environment, webhook)) this.#lost(lane, message, 'dropped', TOO_MANY);
      if (lane.problem === undefined || nextOf(lane)) this.#start(lane);
    }
    const all = [...lanes.values()];
    return {
      done: new Set(all.flatMap(doneOf)),
      problems: Object.fromEntries(
        all.flatMap(({ webhook, problem }) =>
          problem === undefined ? [] : [[webhook.name, problem?.what ?? null]],
        ),
      ),
    };
  }

  /** Nothing is told of an environment that is gone. */
  forget(key: string): void {
    for (const lane of this.#lanes.get(key)?.values() ?? []) end(lane);
    this.#lanes.delete(key);
  }

  /** How many messages wait, counted once a receiver. */
  waiting(): number {
    let sum = 0;
    for (const lanes of this.#lanes.values())
      for (const lane of lanes.values()) sum += lane.waiting.filter(({ id }) => !lane.done.has(id)).length;
    return sum;
  }

  /** Begins no try any more and leaves those under way a moment. Returns what no status says yet, by key. */
  async stop(): Promise<Map<string, Deliveries>> {
    this.#stopping.abort();
    const all = Promise.all(this.#running);
    await unlessAborted(all, AbortSignal.timeout(STOP_MS)).catch(() => {});
    this.#cut.abort();
    await Promise.all(this.#running);
    await this.#agent.destroy();
    const unsaid = [...this.#lanes].map(([key, lanes]): [string, Deliveries] => [
      key,
      { done: new Set([...lanes.values()].flatMap(doneOf)), problems: {} },
    ]);
    return new Map(unsaid.filter(([, { done }]) => done.size > 0));
  }

  #forgetOthers(key: string, { metadata }: Environment, webhooks: readonly Webhook[]): void {
    for (const [name, lane] of this.#lanes.get(key) ?? []) {
      const isOther = lane.environment.metadata.uid !== metadata.uid;
      if (!isOther && webhooks.some((webhook) => webhook.name === name)) continue;
      end(lane);
      this.#lanes.get(key)?.delete(name);
    }
    if (this.#lanes.get(key)?.size === 0) this.#lanes.delete(key);
  }

  #start(lane: Lane): void {
    if (lane.isRunning || this.#stopping.signal.aborted) return;
    lane.isRunning = true;
    const run = this.#run(lane)
      .catch((error: unknown) => this.#options.log.warn('A receiver is left alone', { key: lane.key, error }))
      .finally(() => {
        lane.isRunning = false;
        this.#running.delete(run);
      });
    this.#running.add(run);
  }

  /** Until there is nothing to tell and nothing wrong with the Secret. */
  async #run(lane: Lane): Promise<void> {
    // Lets the look go on that started it.
    await Promise.resolve();
    const ended = AbortSignal.any([this.#stopping.signal, lane.gone.signal]);
    let backoff = newBackoff(this.#clock);
    while (!ended.aborted) {
      this.#options.assertLeading();
      const message = nextOf(lane);
      const destination = await this.#destination(lane);
      if (ended.aborted) return;
      if (typeof destination === 'string') {
        this.#problem(lane, { what: destination, of: 'secret' });
        if (message && this.#isExpired(message)) this.#giveUp(lane, message, 'expired', destination);
        else await this.#pause(lane, message ? backoff.next() : LOOK_AGAIN_MS, ended);
        continue;
      }
      if (!message) {
        // That the Secret can be read says nothing of whether the receiver takes messages.
        if (lane.problem?.of !== 'receiver') this.#problem(lane, null);
        return;
      }
      const answer = await post(this.#agent, destination, bodyOf(lane, message), this.#cut.signal);
      if (lane.gone.signal.aborted) return;
      const waitMs = this.#took(lane, message, answer);
      if (waitMs === undefined) backoff = newBackoff(this.#clock);
      else await this.#pause(lane, Math.max(waitMs, backoff.next()), ended);
    }
  }

  /** Where messages go, or why that is not known. */
  async #destination({ environment, webhook }: Lane): Promise<Destination | string> {
    const { client, allowedHosts } = this.#options;
    try {
      return await destinationOf(client, environment.metadata.namespace, webhook, allowedHosts);
    } catch (error) {
      if (error instanceof NotToldError) return error.message;
      this.#options.log.debug('A Secret of a receiver cannot be read', { error });
      return 'its Secret cannot be read now';
    }
  }

  /** Counts and remembers what came of a try. Returns how long to wait at least before the next one of this message. */
  #took(lane: Lane, message: Notification, answer: Answer): number | undefined {
    const { metrics, log } = this.#options;
    const { type, name } = lane.webhook;
    metrics.tries.inc({ type, result: answer.type });
    if (answer.type === 'taken') {
      metrics.seconds.observe({ type }, Math.max(0, (this.#now() - Date.parse(message.at)) / 1_000));
      log.info('notification delivered', { environment: lane.key, receiver: name, delivery: message.id });
      lane.problem = null;
      this.#done(lane, message);
      return undefined;
    }
    const { problem } = answer;
    log.info('notification not delivered', {
      environment: lane.key,
      receiver: name,
      delivery: message.id,
      problem,
    });
    if (answer.type === 'refused' || this.#isExpired(message)) {
      lane.problem = { what: problem, of: 'receiver' };
      this.#giveUp(lane, message, answer.type === 'refused' ? 'refused' : 'expired', problem);
      return undefined;
    }
    this.#problem(lane, { what: problem, of: 'receiver' });
    return Math.min(answer.retryAfterMs ?? 0, LONGEST_WAIT_MS);
  }

  #isExpired({ at }: Notification): boolean {
    return this.#now() - Date.parse(at) >= GIVEN_UP_AFTER_MS;
  }

  #giveUp(lane: Lane, message: Notification, reason: 'refused' | 'expired', problem: string): void {
    this.#lost(lane, message, reason, reason === 'expired' ? `given up after 4 h: ${problem}` : problem);
    this.#done(lane, message);
  }

  #lost(lane: Lane, message: Notification, reason: 'refused' | 'expired' | 'dropped', why: string): void {
    const { webhook, environment } = lane;
    this.#options.metrics.lost.inc({ type: webhook.type, reason });
    this.#options.events.event({
      regarding: environment,
      type: 'Warning',
      reason: 'NotificationLost',
      note: `${webhook.name} was not told of ${message.reason} (${message.at}): ${why}`,
      action: 'Notify',
    });
  }

  #done(lane: Lane, { id }: Notification): void {
    lane.done.add(id);
    this.#options.onChange(lane.key);
  }

  #problem(lane: Lane, problem: Problem | null): void {
    if (lane.problem !== undefined && lane.problem?.what === problem?.what) return;
    lane.problem = problem;
    this.#options.onChange(lane.key);
  }

  async #pause(lane: Lane, ms: number, ended: AbortSignal): Promise<void> {
    const woken = new AbortController();
    lane.wake = () => woken.abort();
    await pause(ms, AbortSignal.any([ended, woken.signal]), this.#clock);
  }
}

const TOO_MANY = 'too many messages waited, and this was the oldest';

function bodyOf({ environment, webhook }: Lane, message: Notification) {
  const form = webhook.type === 'slack' ? slackMessage : genericMessage;
  return { id: message.id, kind: message.kind, body: JSON.stringify(form(environment, message)) };
}

function newBackoff(clock: Clock): Backoff {
  return new Backoff({ firstMs: FIRST_RETRY_MS, lastMs: LAST_RETRY_MS, clock });
}

function end(lane: Lane): void {
  lane.gone.abort();
}
