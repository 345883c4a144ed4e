import { parts } from './interner.ts';
import { isOlder, type KubeObject, keyOf } from './resources.ts';
import { Index, type IndexFunction } from './store-index.ts';
import { makersOf } from './take-over.ts';

export type Change = 'added' | 'modified' | 'deleted';
export type OnChange<T> = (event: Change, object: T, old?: T) => void;

interface Entry<T> {
  object: T;
  /** What onChange last heard of this name; undefined when nothing yet. */
  announced: T | undefined;
}

interface Tombstone<T> {
  /** What was announced last or, when nothing was, what readers saw of our own write; undefined when nobody saw it. */
  known: T | undefined;
  /** The newest version we know the object had: a list from before it says nothing about the removal. */
  version: string;
}

/** Removals by ourselves that the watch has not shown yet. Uids never return, so that forgetting is only a matter of space. */
const MOST_TOMBSTONES = 10_000;

/**
 * The objects of one resource type as far as they are known. Objects are trimmed (managedFields dropped but for who made what was not applied yet) and deeply
 * frozen: share them freely, copy to change. What equals a part of another object is that part, to save memory.
 * - An older version never replaces a newer one, whatever order events arrive in.
 * - What `observeWrite` put in and `observeRemoval` took out stays so until the server says something newer, so that a
 *   reader sees his own writes although the watch lags.
 * - The newest version of each object reaches onChange once the server announces it, exactly once, also when
 *   `observeWrite` anticipated it; a version that our own later write has replaced meanwhile is passed over.
 * - Whatever a reader saw and is gone is announced as deleted, also what only `observeWrite` had shown.
 */
export class Store<T extends KubeObject = KubeObject> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #indexes = new Map<string, Index<T>>();
  /** By uid. */
  readonly #tombstones = new Map<string, Tombstone<T>>();
  /** The version up to which the watch or a list has told everything. */
  #progress = '';
  readonly #trim: (object: T) => T;

  /** @param trim drops more than managedFields; gets an object of its own and may change it. */
  constructor(indexes: Record<string, IndexFunction<T>> = {}, trim: (object: T) => T = (object) => object) {
    for (const [name, index] of Object.entries(indexes)) this.#indexes.set(name, new Index(index));
    this.#trim = trim;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The namespace of what has none is undefined. */
  get(namespace: string | undefined, name: string): T | undefined {
    return this.#entries.get(namespace ? `${namespace}/${name}` : name)?.object;
  }

  list(namespace?: string): T[] {
    const objects = Array.from(this.#entries.values(), (entry) => entry.object);
    return namespace === undefined
      ? objects
      : objects.filter((object) => object.metadata.namespace === namespace);
  }

  /** The objects for which the index function, given at construction, returned this value. */
  byIndex(index: string, value: string): T[] {
    const found = this.#indexes.get(index);
    if (found === undefined) throw new TypeError(`The store has no index ${index}.`);
    return found.get(value);
  }

  /** Tells what a write returned. onChange is called later, when the watch brings it. */
  observeWrite(written: T): void {
    // The watch has passed this version: it may have told of the deletion already.
    if (this.#progress !== '' && !isOlder(this.#progress, versionOf(written))) return;
    const object = this.own(written);
    const entry = this.#entries.get(keyOf(object));
    if (this.#isGone(object) || (entry !== undefined && !isOlder(versionOf(entry.object), versionOf(object))))
      return;
    this.#put(object, entry?.announced);
  }

  /** Tells that this object is gone: `remove` returned undefined. onChange is called when the watch brings it. */
  observeRemoval(removed: {
    metadata: { name: string; namespace?: string; uid: string; resourceVersion?: string };
  }): void {
    const { uid, resourceVersion = '' } = removed.metadata;
    const entry = this.#entries.get(keyOf(removed));
    const isStored = entry?.object.metadata.uid === uid;
    // Told again: what was known then is not known any more.
    if (!isStored && this.#tombstones.has(uid)) return;
    if (isStored) this.#drop(entry.object);
    const version = isStored ? versionOf(entry.object) : resourceVersion;
    this.#bury(uid, { known: isStored ? (entry.announced ?? entry.object) : undefined, version });
  }

  /** Tells that nothing older than this version is outstanding (a bookmark). */
  observeProgress(resourceVersion: string): void {
    if (!isOlder(resourceVersion, this.#progress)) this.#progress = resourceVersion;
  }

  /** A change as the watch tells it. Returns whether it was news. */
  observeEvent(type: 'ADDED' | 'MODIFIED' | 'DELETED', received: T, onChange: OnChange<T>): boolean {
    const stored = this.#entries.get(keyOf(received))?.object;
    // Our own write, most often, come back.
    const object = stored !== undefined && sameVersion(stored, received) ? stored : this.own(received);
    this.observeProgress(versionOf(object));
    return type === 'DELETED'
      ? this.#observeDeletion(object, onChange)
      : this.#observeChange(object, onChange);
  }

  /**
   * A complete list, taken at `resourceVersion`. What it lacks is deleted, unless it was written after the list was
   * taken. `isRestored` says that the server's history went back (a restored etcd): then everything that is stored
   * is given up, whatever its version.
   */
  replace(received: T[], resourceVersion: string, onChange: OnChange<T>, isRestored = false): void {
    if (isRestored) this.#tombstones.clear();
    // Before what follows them under their names is announced.
    this.#closeTombstones(new Set(received.map((item) => item.metadata.uid)), resourceVersion, onChange);
    const listed = new Set<string>();
    for (const item of received) {
      const key = keyOf(item);
      listed.add(key);
      const entry = this.#entries.get(key);
      if (isRestored && entry !== undefined && !sameVersion(entry.object, item)) {
        this.#announce(this.own(item), entry.announced, onChange);
      } else this.#observeChange(this.own(item), onChange);
    }
    for (const [key, { object, announced }] of [...this.#entries]) {
      if (listed.has(key) || (!isRestored && isOlder(resourceVersion, versionOf(object)))) continue;
      this.#drop(object);
      onChange('deleted', object, announced ?? object);
    }
    this.#progress = resourceVersion;
  }

  /** A list without them shows that they are gone, unless it is from before they were made. */
  #closeTombstones(alive: Set<string>, resourceVersion: string, onChange: OnChange<T>): void {
    for (const [uid, { known, version }] of [...this.#tombstones]) {
      if (alive.has(uid) || isOlder(resourceVersion, version)) continue;
      this.#tombstones.delete(uid);
      if (known !== undefined) onChange('deleted', known, known);
    }
  }

  #observeChange(object: T, onChange: OnChange<T>): boolean {
    const entry = this.#entries.get(keyOf(object));
    if (this.#isGone(object) || (entry !== undefined && isOlder(versionOf(object), versionOf(entry.object))))
      return false;
    if (entry !== undefined && entry.announced === entry.object && sameVersion(entry.object, object))
      return false;
    this.#announce(object, entry?.announced, onChange);
    return true;
  }

  #observeDeletion(object: T, onChange: OnChange<T>): boolean {
    const { uid } = object.metadata;
    const buried = this.#tombstones.get(uid)?.known;
    this.#tombstones.delete(uid);
    const entry = this.#entries.get(keyOf(object));
    if (entry === undefined || isOlder(versionOf(object), versionOf(entry.object))) {
      // A later object of this name may be stored already; then only its predecessor is gone.
      const isPredecessor = entry?.announced?.metadata.uid === uid;
      const announced = buried ?? (isPredecessor ? entry?.announced : undefined);
      if (entry !== undefined && isPredecessor) this.#put(entry.object, undefined);
      if (announced !== undefined) onChange('deleted', object, announced);
      return announced !== undefined;
    }
    this.#drop(entry.object);
    onChange('deleted', object, entry.announced ?? entry.object);
    return true;
  }

  #announce(object: T, announced: T | undefined, onChange: OnChange<T>): void {
    this.#put(object, object);
    if (announced !== undefined && announced.metadata.uid !== object.metadata.uid) {
      onChange('deleted', announced, announced);
      onChange('added', object);
    } else if (announced === undefined) onChange('added', object);
    else onChange('modified', object, announced);
  }

  #put(object: T, announced: T | undefined): void {
    const key = keyOf(object);
    const before = this.#entries.get(key)?.object;
    this.#entries.set(key, { object, announced });
    for (const index of this.#indexes.values()) index.move(before, object);
  }

  #drop(object: T): void {
    this.#entries.delete(keyOf(object));
    for (const index of this.#indexes.values()) index.move(object, undefined);
  }

  #bury(uid: string, tombstone: Tombstone<T>): void {
    this.#tombstones.set(uid, tombstone);
    if (this.#tombstones.size <= MOST_TOMBSTONES) return;
    const [oldest] = this.#tombstones.keys();
    if (oldest !== undefined) this.#tombstones.delete(oldest);
  }

  #isGone(object: T): boolean {
    return this.#tombstones.has(object.metadata.uid);
  }

  /** What is kept of an object: trimmed, frozen and with the parts that others have already. Of one's own it is the same again. */
  own(received: T): T {
    if (Object.isFrozen(received)) return received;
    const { managedFields: _, ...metadata } = received.metadata as T['metadata'] & {
      managedFields?: unknown;
    };
    const makers = makersOf(received);
    const kept = makers ? { ...metadata, managedFields: makers } : metadata;
    const trimmed = this.#trim({ ...received, metadata: kept });
    return Object.freeze(parts.internFields(trimmed));
  }
}

function versionOf(object: KubeObject): string {
  return object.metadata.resourceVersion;
}

function sameVersion(a: KubeObject, b: KubeObject): boolean {
  return versionOf(a) === versionOf(b) && a.metadata.uid === b.metadata.uid;
}
