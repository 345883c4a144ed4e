import { Registry } from 'prom-client';
import type { Webhook } from '../../../operator/api/effective-spec.ts';
import type { Environment } from '../../../operator/api/resolved.ts';
import type { Notification } from '../../../operator/api/status.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import type { EventInput } from '../../../operator/kube/events.ts';
import type { Log, LogFields } from '../../../operator/kube/log.ts';
import type { KubeClient, RequestOptions } from '../../../operator/kube/transport.ts';
import { notificationMetrics } from '../../../operator/notifications/metrics.ts';
import { Notifier } from '../../../operator/notifications/notifier.ts';
import { withoutDone } from '../../../operator/notifications/outbox.ts';
import { refused } from '../environment/api-server.ts';
import { FakeClock } from '../kube/fake-clock.ts';

export const KEY = 'market/shop';
const BORN = Date.parse('2026-01-05T10:00:00Z');

/** A notifier with Secrets in a Map, real connections to receivers, and a clock that is moved by hand. */
export class Station {
  /** By "name/key"; a name alone, with "forbidden", is one that may not be read. */
  readonly secrets = new Map<string, string>();
  readonly events: EventInput[] = [];
  readonly said: string[] = [];
  readonly clock = new FakeClock();
  /** Of the process that runs. */
  registry = new Registry();
  changes = 0;
  isLeading = true;
  environment: Environment;
  notifier: Notifier;

  constructor(webhooks: Webhook[]) {
    this.environment = {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name: 'shop', namespace: 'market', uid: 'uid-1', resourceVersion: '1', generation: 1 },
      spec: { tier: 'local', release: { image: 'api:1' }, notifications: { webhooks } },
      status: {},
    };
    this.notifier = this.process();
  }

  /** Milliseconds since the epoch. */
  now = (): number => BORN + this.clock.now();

  /** Another process, which knows what status says and nothing else. */
  process(): Notifier {
    const registry = new Registry();
    const notifier: Notifier = new Notifier({
      client: { request: this.#request } as unknown as KubeClient,
      events: { event: (input) => this.events.push(input) },
      log: this.#log({}),
      assertLeading: () => {
        if (!this.isLeading) throw new Error('another one leads');
      },
      onChange: () => {
        this.changes += 1;
      },
      metrics: notificationMetrics(registry, () => notifier.waiting()),
      allowedHosts: ['127.0.0.1'],
      clock: this.clock,
      now: this.now,
    });
    this.registry = registry;
    this.notifier = notifier;
    return notifier;
  }

  /** Writes a message into status, as the plan does. */
  tell(kind: Notification['kind'], message: string, ...waiting: string[]): Notification {
    const { notifications = [] } = this.environment.status ?? {};
    const id = String(notifications.length + 1).padStart(32, '0');
    const at = new Date(this.now()).toISOString();
    const one: Notification = { id, at, kind, severity: 'info', reason: 'Told', message, waiting };
    this.environment = {
      ...this.environment,
      status: { ...this.environment.status, notifications: [...notifications, one] },
    };
    return one;
  }

  /** A reconciliation, as far as messages go: what is delivered is written down. */
  look() {
    const deliveries = this.notifier.look(KEY, this.environment);
    const { status } = this.environment;
    this.environment = {
      ...this.environment,
      status: { ...status, notifications: withoutDone(status?.notifications, deliveries) },
    };
    return deliveries;
  }

  waitingFor(receiver: string): string[] {
    const { notifications = [] } = this.environment.status ?? {};
    return notifications.flatMap(({ message, waiting }) => (waiting?.includes(receiver) ? [message] : []));
  }

  #request = async ({ path }: RequestOptions): Promise<unknown> => {
    const name = path.split('/').at(-1) ?? '';
    if (this.secrets.get(name) === 'forbidden')
      throw refused(403, 'Forbidden', `secrets "${name}" is forbidden`);
    const entries = [...this.secrets].filter(([key]) => key.startsWith(`${name}/`));
    if (entries.length === 0) throw refused(404, 'NotFound', 'not found');
    const data = entries.map(([key, value]) => [key.split('/')[1], Buffer.from(value).toString('base64')]);
    return { data: Object.fromEntries(data) };
  };

  #log(context: LogFields): Log {
    const write = (message: string, fields: LogFields = {}) => {
      const { error, ...rest } = { ...context, ...fields };
      this.said.push(`${message} ${JSON.stringify(rest)} ${error instanceof Error ? error.stack : error}`);
    };
    return { debug: write, info: write, warn: write, error: write, with: (fields) => this.#log(fields) };
  }
}
