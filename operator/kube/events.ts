import { create, mergePatch } from './apply.ts';
import { answered } from './errors.ts';
import type { Log } from './log.ts';
import { type Metrics, metrics } from './metrics.ts';
import { microTime, uniqueMicroseconds } from './micro-time.ts';
import type { Manifest, Resource } from './resources.ts';
import { TokenBucket } from './token-bucket.ts';
import type { KubeClient } from './transport.ts';

export const EVENTS: Resource = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  namespaced: true,
  kind: 'Event',
};

/** What an event is about; any KubeObject fits. */
export interface Regarding {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; uid?: string; resourceVersion?: string };
}

export interface EventInput {
  regarding: Regarding;
  type: 'Normal' | 'Warning';
  /** Why, in one word for machines: CamelCase. */
  reason: string;
  /** What happened, for people; cut at 1,024 characters. */
  note: string;
  /** What the controller did or tried, in one word: CamelCase. */
  action: string;
}

export interface EventRecorderOptions {
  client: KubeClient;
  /** A qualified name, for instance cryptosense-operator. */
  controller: string;
  /** Which process; the pod's name. */
  instance: string;
  log?: Log;
  metrics?: Metrics;
}

interface Series {
  name: string;
  namespace: string;
  input: EventInput;
  count: number;
  written: number;
  lastAt: number;
}

/** A repetition within this time belongs to the series; client-go's value. */
const SERIES_MS = 6 * 60_000;
const MOST_SERIES = 2_000;
const MOST_WAITING = 500;
/** Whoever's event starts the writing, it is not his turn that is used. */
const FLOW = 'events';

/**
 * Writes events.k8s.io/v1 events in the background.
 * - `event` never throws and never waits; failures to write are logged at debug level.
 * - The same thing said again within six minutes raises `series.count` of the first event; repetitions that come while
 *   one is being written become one write.
 * - An object gets 25 different events at once and one a minute after that, everything together 10 a second; what is
 *   beyond is dropped and counted.
 */
export class EventRecorder {
  readonly #client: KubeClient;
  readonly #controller: string;
  readonly #instance: string;
  readonly #log: Log | undefined;
  readonly #metrics: Metrics;
  readonly #series = new Map<string, Series>();
  readonly #waiting = new Set<Series>();
  readonly #perObject = new Map<string, TokenBucket>();
  readonly #total = new TokenBucket(100, 10);
  #writing: Promise<void> | undefined;

  constructor(options: EventRecorderOptions) {
    this.#client = options.client;
    this.#controller = options.controller;
    this.#instance = options.instance.slice(0, 128);
    this.#log = options.log;
    this.#metrics = options.metrics ?? metrics;
  }

  event(input: EventInput): void {
    try {
      const series = this.#seriesOf(input);
      if (series === undefined) return;
      series.count += 1;
      series.lastAt = Date.now();
      this.#waiting.add(series);
      this.#writing ??= this.#write();
    } catch (error) {
      this.#log?.debug('An event could not be recorded', { error });
    }
  }

  /** Resolves when everything that was recorded until now has been written or given up. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  #seriesOf(input: EventInput): Series | undefined {
    const { metadata, kind } = input.regarding;
    const namespace = metadata.namespace ?? 'default';
    const object = [kind, namespace, metadata.name, metadata.uid].join('/');
    const key = [object, input.type, input.reason, input.note, input.action].join('\n');
    const known = this.#series.get(key);
    this.#series.delete(key);
    if (known !== undefined && Date.now() - known.lastAt < SERIES_MS) {
      // Last in the map is last to be forgotten.
      this.#series.set(key, known);
      return known;
    }
    const bucket = this.#perObject.get(object) ?? new TokenBucket(25, 1 / 60);
    remember(this.#perObject, object, bucket);
    if (this.#waiting.size >= MOST_WAITING || !bucket.take() || !this.#total.take()) {
      this.#metrics.droppedEvents.inc({ reason: input.reason });
      return undefined;
    }
    const name = `${metadata.name.slice(0, 230)}.${uniqueMicroseconds().toString(16)}`;
    const series: Series = { name, namespace, input, count: 0, written: 0, lastAt: 0 };
    remember(this.#series, key, series);
    return series;
  }

  async #write(): Promise<void> {
    // Lets the caller go on first.
    await Promise.resolve();
    for (const series of this.#waiting) {
      this.#waiting.delete(series);
      const { count } = series;
      try {
        if (series.written > 0) await this.#raise(series, count);
        else await this.#create(series, count);
        series.written = count;
      } catch (error) {
        this.#log?.debug('An event could not be written', { error, reason: series.input.reason });
      }
    }
    this.#writing = undefined;
  }

  async #raise(series: Series, count: number): Promise<void> {
    const patch = { series: { count, lastObservedTime: microTime(series.lastAt) } };
    try {
      await mergePatch(this.#client, EVENTS, series.namespace, series.name, patch, { flow: FLOW });
    } catch (error) {
      if (!answered(error, 404)) throw error;
      // The server keeps events for an hour; a long series outlives its first event.
      await this.#create(series, count);
    }
  }

  async #create(series: Series, count: number): Promise<void> {
    const { regarding, type, reason, note, action } = series.input;
    const { apiVersion, kind, metadata } = regarding;
    const at = microTime(series.lastAt);
    const manifest: Manifest = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: series.name, namespace: series.namespace },
      eventTime: at,
      ...(count > 1 ? { series: { count, lastObservedTime: at } } : {}),
      reportingController: this.#controller,
      reportingInstance: this.#instance,
      regarding: { apiVersion, kind, ...identityOf(metadata) },
      type,
      reason: reason.slice(0, 128),
      note: note.length > 1_024 ? `${note.slice(0, 1_023)}…` : note,
      action: action.slice(0, 128),
    };
    await create(this.#client, EVENTS, manifest, { flow: FLOW });
  }
}

function identityOf({ name, namespace, uid, resourceVersion }: Regarding['metadata']) {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
}

/** Puts an entry last and forgets the first when there are too many. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MOST_SERIES) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
