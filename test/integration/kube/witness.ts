import type { Clock } from '../../../operator/kube/clock.ts';
import { systemClock } from '../../../operator/kube/clock.ts';
import { Controller } from '../../../operator/kube/controller.ts';
import { silentLog } from '../../../operator/kube/log.ts';
import { createMetrics } from '../../../operator/kube/metrics.ts';
import { WorkQueue } from '../../../operator/kube/queue.ts';
import { isOlder, type KubeObject, keyOf } from '../../../operator/kube/resources.ts';
import type { Change, Store } from '../../../operator/kube/store.ts';
import type { SeededRandom } from '../seeded-random.ts';

/** What a test compares of an object. */
function faceOf({ metadata, data }: KubeObject): string {
  return JSON.stringify([metadata.uid, metadata.resourceVersion, data ?? {}]);
}

export function faces(objects: KubeObject[]): Map<string, string> {
  return new Map(objects.map((object) => [keyOf(object), faceOf(object)]));
}

/**
 * Listens to a reflector, reconciles what changes, and remembers every promise of the plumbing that was broken:
 * - no object goes back to an earlier version, is announced twice, or is seen again after its removal;
 * - no key is reconciled twice at once;
 * - every announced change is followed by a reconciliation that begins after it and succeeds.
 */
export class Witness {
  readonly broken: string[] = [];
  /** What the announcements add up to. */
  readonly told = new Map<string, string>();
  /** What the last successful reconciliation of each key saw; keys that were seen as missing are left out. */
  readonly reconciled = new Map<string, string>();
  reconciliations = 0;
  failures = 0;
  /** In [0, 1]: how many reconciliations fail. */
  failing = 0;
  store: Store | undefined;
  readonly #chance: SeededRandom;
  readonly #controller: Controller;
  readonly #active = new Set<string>();
  readonly #gone = new Set<string>();
  readonly #announced = new Map<string, string>();
  readonly #seen = new Map<string, { uid: string; version: string }>();
  readonly #outstanding = new Map<string, number>();
  #now = 0;
  #timers = 0;
  readonly #queue: WorkQueue;

  constructor(chance: SeededRandom) {
    this.#chance = chance;
    const metrics = createMetrics();
    this.#queue = new WorkQueue({ metrics, clock: this.#countingClock() });
    this.#controller = new Controller({
      name: 'witness',
      queue: this.#queue,
      workers: 4,
      log: silentLog,
      metrics,
      reconcile: (key) => this.#reconcile(key),
    });
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#controller.run(signal);
  }

  readonly onChange = (event: Change, object: KubeObject): void => {
    const key = keyOf(object);
    const { uid, resourceVersion } = object.metadata;
    this.#now += 1;
    this.#outstanding.set(key, this.#now);
    if (event === 'deleted') {
      this.told.delete(key);
      this.#announced.delete(uid);
    } else {
      const before = this.#announced.get(uid);
      if (this.#gone.has(uid)) this.#break(`${key} ${uid} was ${event} after its removal`);
      if (before !== undefined && !isOlder(before, resourceVersion))
        this.#break(`${key}@${resourceVersion} was ${event} after @${before}`);
      this.#announced.set(uid, resourceVersion);
      this.told.set(key, faceOf(object));
    }
    this.#controller.enqueue(key);
  };

  /** We removed this object ourselves and told the store. */
  removed(uid: string): void {
    this.#gone.add(uid);
  }

  /** What is still to be done, or undefined when nothing is: the queue is empty and no change is unanswered. */
  get unfinished(): string | undefined {
    if (this.#active.size > 0) return `being reconciled: ${[...this.#active].join(' ')}`;
    if (this.#queue.depth > 0) return `${this.#queue.depth} keys are ready`;
    if (this.#timers > 0) return `${this.#timers} keys wait for their time`;
    if (this.#outstanding.size > 0) return `never reconciled: ${[...this.#outstanding.keys()].join(' ')}`;
    return undefined;
  }

  async #reconcile(key: string): Promise<void> {
    if (this.#active.has(key)) this.#break(`${key} was reconciled twice at once`);
    this.#active.add(key);
    const begun = this.#now;
    try {
      this.reconciliations += 1;
      const seen = this.look(key);
      if (this.#chance.happens(0.5)) await new Promise((resolve) => setImmediate(resolve));
      if (this.#chance.happens(this.failing)) {
        this.failures += 1;
        throw this.#chance.happens(0.5) ? new TypeError('a bug, by chance') : new Error('by chance');
      }
      if (seen === undefined) this.reconciled.delete(key);
      else this.reconciled.set(key, seen);
      if ((this.#outstanding.get(key) ?? Number.POSITIVE_INFINITY) <= begun) this.#outstanding.delete(key);
    } finally {
      this.#active.delete(key);
    }
  }

  /** What a reader of the store sees of this key now. */
  look(key: string): string | undefined {
    const [namespace, name = ''] = key.split('/');
    const object = this.store?.get(namespace, name);
    if (object === undefined) return undefined;
    const { uid, resourceVersion: version } = object.metadata;
    const before = this.#seen.get(key);
    if (this.#gone.has(uid)) this.#break(`${key} ${uid} was in the store after its removal`);
    if (before?.uid === uid && isOlder(version, before.version))
      this.#break(`${key} went back from ${before.version} to ${version}`);
    this.#seen.set(key, { uid, version });
    return faceOf(object);
  }

  #break(sentence: string): void {
    this.broken.push(sentence);
  }

  /** The queue shows only the keys that are ready: those that wait are known by their timers. */
  #countingClock(): Clock {
    return {
      now: systemClock.now,
      after: (delayMs, callback) => {
        let isArmed = true;
        const disarm = () => {
          if (isArmed) this.#timers -= 1;
          isArmed = false;
        };
        this.#timers += 1;
        const cancel = systemClock.after(delayMs, () => {
          disarm();
          callback();
        });
        return () => {
          disarm();
          cancel();
        };
      },
    };
  }
}
