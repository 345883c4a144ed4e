import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** A value that its shelf may have put into a smaller form meanwhile. */
export interface Shelved<V> {
  /** Frozen; equal to what was put in, but need not be the same object each time. */
  readonly value: V;
}

/** What deflate looks back at. */
const LONGEST_DICTIONARY = 32_768;
/** How many values go into the dictionary: those of one or two environments, whose likes all others are. */
const MOST_SAMPLES = 64;

/**
 * Many values of a few kinds, of which only those that were used last are kept as objects. The others are compressed
 * text, with some of them as the dictionary: alike as they are, a tenth of their size is left or less. Values are plain
 * JSON. What nobody refers to any more leaves the shelf by itself, as others are used.
 */
export class Shelf<V> {
  readonly #most: number;
  /** Least recently used first. */
  readonly #warm = new Set<Item<V>>();
  #dictionary: Buffer | undefined;

  /** @param most how many values stay as they are. */
  constructor(most: number) {
    this.#most = most;
  }

  put(value: V): Shelved<V> {
    const item = new Item<V>(this, value);
    this.used(item);
    return item;
  }

  /** For items. */
  used(item: Item<V>): void {
    this.#warm.delete(item);
    this.#warm.add(item);
    for (const oldest of this.#warm) {
      if (this.#warm.size <= this.#most) return;
      this.#warm.delete(oldest);
      oldest.pack();
    }
  }

  /** For items. */
  pack(value: V): string {
    const text = JSON.stringify(value);
    const dictionary = this.#dictionary ?? this.#learn(text);
    // A string of one byte a character costs less than a Buffer does for so few bytes.
    return deflateRawSync(text, { dictionary, memLevel: 5 }).toString('latin1');
  }

  /** For items. */
  unpack(packed: string): V {
    const options = this.#dictionary === undefined ? {} : { dictionary: this.#dictionary };
    return deepFreeze(JSON.parse(inflateRawSync(Buffer.from(packed, 'latin1'), options).toString()) as V);
  }

  /** The dictionary stays what it is once something was packed with it. */
  #learn(text: string): Buffer {
    const samples = [text];
    for (const item of this.#warm) {
      if (samples.length >= MOST_SAMPLES) break;
      samples.push(item.sample());
    }
    this.#dictionary = Buffer.from(samples.join('')).subarray(0, LONGEST_DICTIONARY);
    return this.#dictionary;
  }
}

class Item<V> implements Shelved<V> {
  readonly #shelf: Shelf<V>;
  #form: { value: V } | { packed: string };

  constructor(shelf: Shelf<V>, value: V) {
    this.#shelf = shelf;
    this.#form = { value };
  }

  get value(): V {
    const form = this.#form;
    const value = 'value' in form ? form.value : this.#shelf.unpack(form.packed);
    if (!('value' in form)) this.#form = { value };
    this.#shelf.used(this);
    return value;
  }

  pack(): void {
    if ('value' in this.#form) this.#form = { packed: this.#shelf.pack(this.#form.value) };
  }

  sample(): string {
    return 'value' in this.#form ? JSON.stringify(this.#form.value) : '';
  }
}

export function deepFreeze<V>(value: V): V {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
