import { Backoff } from './backoff.ts';
import { followedBy, pause } from './clock.ts';
import { answered, KubeError } from './errors.ts';
import { endsInitialEvents, listAll, type Selection, watchFrom } from './list-watch.ts';
import type { Log } from './log.ts';
import { isOlder, type KubeObject, keyOf, type Resource } from './resources.ts';
import { type OnChange, Store } from './store.ts';
import type { IndexFunction } from './store-index.ts';
import type { KubeClient, WatchEvent } from './transport.ts';

export interface ReflectorOptions<T extends KubeObject> {
  client: KubeClient;
  resource: Resource;
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  indexes?: Record<string, IndexFunction<T>>;
  /** Drops what nobody reads from an object before it is stored; gets a copy of its own. */
  trim?: (object: T) => T;
  /** Called for every change; what it throws is logged and changes nothing. */
  onChange?: OnChange<T>;
  /** Called when a type that the server did not know is there now, or one that it knew is gone. */
  onAvailability?: (isAvailable: boolean) => void;
  log: Log;
  /** A watch lasts this long, plus up to a tenth; 290,000. */
  watchMs?: number;
  /** A watch that is silent for this long is cut and resumed; 90,000, since bookmarks come every minute. */
  quietMs?: number;
  backoff?: Backoff;
}

/** The client waits this much longer than the server was asked to. */
const MARGIN_MS = 5_000;

/**
 * Keeps a store equal to what the server has.
 * - It lists once, then follows changes; a cut, ended or silent watch is resumed where it was, without a list. The list comes
 *   through the watch, object by object, which costs the server and this process the least; where that fails, in pages.
 * - It lists again only when the server has forgotten the version (410, as answer or event), fails twice to watch from
 *   it (500), or went back in history.
 * - Failures are retried for ever with a jittered backoff of 0.8 to 30 s, or after as long as the server asks.
 * - A type that the server does not know is no failure: the store is empty, `available` is false, and it is looked for.
 */
export class Reflector<T extends KubeObject = KubeObject> {
  readonly store: Store<T>;
  /** Resolves when the store has been complete once, or the type is known to be missing. */
  readonly synced: Promise<void>;
  readonly #client: KubeClient;
  readonly #selection: Selection;
  readonly #onChange: OnChange<T>;
  readonly #onAvailability: (isAvailable: boolean) => void;
  readonly #log: Log;
  readonly #watchMs: number;
  readonly #quietMs: number;
  readonly #backoff: Backoff;
  #resolveSynced: () => void = () => {};
  #version: string | undefined;
  #newest = '';
  /** From this version the server failed to watch. */
  #doubtful: string | undefined;
  #isAvailable: boolean | undefined;
  #problem: string | undefined;
  #lists = 0;
  #watches = 0;
  /** The last list through a watch did not come to its end, or the server has none: the next one is in pages. */
  #inPages = false;

  constructor(options: ReflectorOptions<T>) {
    this.#client = options.client;
    this.#selection = {
      resource: options.resource,
      ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
      ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
      ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
    };
    this.#log = options.log.with({ resource: options.resource.plural });
    this.#watchMs = options.watchMs ?? 290_000;
    this.#quietMs = options.quietMs ?? 90_000;
    this.#backoff = options.backoff ?? new Backoff();
    this.store = new Store<T>(options.indexes ?? {}, options.trim);
    this.#onChange = contained(options.onChange ?? (() => {}), this.#log);
    this.#onAvailability = options.onAvailability ?? (() => {});
    this.synced = new Promise((resolve) => {
      this.#resolveSynced = resolve;
    });
  }

  /** Whether the server knows the type; false until it was asked. */
  get available(): boolean {
    return this.#isAvailable === true;
  }

  /** What keeps it from following the server and does not pass by itself, in one sentence. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** The server's version up to which everything is in the store; '' before the first list. */
  get lastResourceVersion(): string {
    return this.#newest;
  }

  /** How often it listed and began to watch, to see whether resuming works. */
  get counts(): { lists: number; watches: number } {
    return { lists: this.#lists, watches: this.#watches };
  }

  /** Follows the server until the signal is aborted; never rejects. */
  async start(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#version === undefined && this.#inPages) await this.#list(signal);
        await this.#watch(signal);
      } catch (error) {
        if (signal.aborted) return;
        await this.#recover(error, signal);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    this.#lists += 1;
    const { items, resourceVersion } = await listAll<T>(this.#client, this.#selection, signal);
    this.#listed(items, resourceVersion);
    this.#inPages = false;
  }

  #listed(items: T[], resourceVersion: string): void {
    const isRestored = isOlder(resourceVersion, this.#newest);
    if (isRestored)
      this.#log.warn('The server went back in history; its list replaces everything that was known');
    this.store.replace(items, resourceVersion, this.#onChange, isRestored);
    this.#version = resourceVersion;
    this.#newest = resourceVersion;
    const isNew = this.#isAvailable === false;
    this.#isAvailable = true;
    this.#problem = undefined;
    if (isNew) {
      this.#log.info('The resource type is there now');
      this.#onAvailability(true);
    }
    this.#resolveSynced();
  }

  async #watch(parent: AbortSignal): Promise<void> {
    const resourceVersion = this.#version;
    let initial = resourceVersion === undefined ? new Map<string, T>() : undefined;
    if (initial !== undefined) this.#lists += 1;
    this.#watches += 1;
    const timeoutMs = this.#watchMs * (1 + Math.random() / 10);
    const { controller, release } = followedBy(parent);
    // A server that does not end the watch by itself.
    const timer = setTimeout(() => controller.abort(), timeoutMs + MARGIN_MS);
    const startedAt = performance.now();
    let events = 0;
    try {
      const { signal } = controller;
      const options = { resourceVersion, timeoutMs, quietMs: this.#quietMs, signal };
      for await (const event of watchFrom(this.#client, this.#selection, options)) {
        events += 1;
        if (initial === undefined) this.#observe(event);
        else if (endsInitialEvents(event)) {
          this.#listed([...initial.values()], event.object.metadata.resourceVersion);
          initial = undefined;
        } else this.#collect(event, initial);
        if (initial === undefined && this.#version === undefined) return;
      }
    } finally {
      this.#inPages = initial !== undefined;
      clearTimeout(timer);
      release();
    }
    // A server or proxy that ends watches at once must not be asked in a tight loop.
    if (events === 0 && performance.now() - startedAt < 1_000) await pause(this.#backoff.next(), parent);
  }

  /** Changes, too, may come before the end of what was there at first. Only what is kept of an object is held. */
  #collect({ type, object }: WatchEvent, initial: Map<string, T>): void {
    if (type === 'DELETED') initial.delete(keyOf(object));
    else if (type !== 'BOOKMARK') initial.set(keyOf(object), this.store.own(object as T));
  }

  #observe(event: WatchEvent): void {
    const version = event.object.metadata.resourceVersion;
    if (event.type === 'BOOKMARK' && isOlder(version, this.#newest)) {
      // Versions only go back when the server's data was restored from an earlier time.
      this.#version = undefined;
      return;
    }
    if (event.type !== 'BOOKMARK' && event.type !== 'ERROR') {
      this.store.observeEvent(event.type, event.object as T, this.#onChange);
    }
    this.store.observeProgress(version);
    this.#version = version;
    this.#newest = version;
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    const isOlderServer = this.#inPages && answered(error, 422);
    if (isOlderServer || answered(error, 410) || isFromTheFuture(error)) {
      this.#log.debug(
        isOlderServer
          ? 'The server lists through no watch, listing in pages'
          : 'The version to resume from is not one the server has, listing again',
      );
      this.#version = undefined;
      // The list that follows is the cure; only repeated ones have to wait.
      await pause(this.#lists > 1 ? this.#backoff.next() / 8 : 0, signal);
      return;
    }
    if (answered(error, 500) && this.#version !== undefined) {
      // A change whose past etcd has compacted fails a watch each time it is asked for; 500 may also be a moment's.
      const isStuck = this.#doubtful === this.#version;
      this.#doubtful = this.#version;
      if (isStuck) this.#version = undefined;
    }
    if (answered(error, 404)) this.#missing();
    else if (answered(error, 403)) this.#forbidden(error);
    else if (error instanceof KubeError && error.reason === 'Timeout' && this.#version !== undefined) {
      this.#log.debug('The watch was silent, resuming', { error });
      return;
    } else this.#log.warn('Cannot follow the resource, will try again', { error });
    const asked = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0;
    await pause(Math.max(asked, this.#backoff.next()), signal);
  }

  /** Said once: somebody has to do something, and until then it is asked again from time to time. */
  #forbidden(error: KubeError): void {
    const { resource, namespace } = this.#selection;
    const where = namespace === undefined ? 'in all namespaces' : `in the namespace ${namespace}`;
    const problem = `the operator may not list and watch ${resource.plural} ${where}`;
    if (this.#problem !== problem) this.#log.error('Not allowed to follow the resource', { problem, error });
    this.#problem = problem;
  }

  #missing(): void {
    if (this.#isAvailable !== false) {
      this.#log.info('The server does not know this resource type; looking for it again from time to time');
    }
    const isGone = this.#isAvailable === true;
    this.#isAvailable = false;
    this.#version = undefined;
    this.store.replace([], this.#newest, this.#onChange, true);
    if (isGone) this.#onAvailability(false);
    this.#resolveSynced();
  }
}

/** The server has not come to our version and will not: its data was restored from an earlier time. */
function isFromTheFuture(error: unknown): boolean {
  if (!(error instanceof KubeError)) return false;
  return (error.details.causes ?? []).some((cause) => cause.reason === 'ResourceVersionTooLarge');
}

function contained<T>(onChange: OnChange<T>, log: Log): OnChange<T> {
  return (event, object, old) => {
    try {
      onChange(event, object, old);
    } catch (error) {
      log.error('A change could not be handled', { event, error });
    }
  };
}
