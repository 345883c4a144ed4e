/** So many parts are remembered, twice over: those of a dozen environments or more, which all others are like. */
const MOST = 8_192;

interface Part {
  value: unknown;
  /** A text that no other part has. */
  name: string;
}

/**
 * Makes equal parts of plain JSON values one and the same frozen object: the objects of a thousand environments differ
 * in names, and have their probes, limits and security contexts in common.
 *
 * What was met last is remembered, in two generations: a part that comes again moves to the younger one, and when that
 * is full the older one is forgotten. What is forgotten too early costs memory and nothing else.
 */
export class Interner {
  readonly #most: number;
  #young = new Map<string, Part>();
  #old = new Map<string, Part>();
  #last = 0;

  constructor(most = MOST) {
    this.#most = most;
  }

  /** Equal to `value`, deeply frozen, and made of parts that were met before where there are equal ones. */
  intern<V>(value: V): V {
    return this.#partOf(value).value as V;
  }

  /** The fields of an object that has no equal itself, each interned. */
  internFields<V extends object>(value: V): [string, unknown][] {
    return Object.entries(value).map(([name, field]) => [name, this.intern(field)]);
  }

  #partOf(value: unknown): Part {
    if (typeof value === 'string') return this.#string(value);
    if (typeof value !== 'object' || value === null) return { value, name: String(value) };
    let key = '';
    if (Array.isArray(value)) {
      const items: unknown[] = [];
      for (const item of value) {
        const part = this.#partOf(item);
        items.push(part.value);
        key += `,${part.name}`;
      }
      return this.#known(`[${key}`) ?? this.#remember(`[${key}`, Object.freeze(items));
    }
    const fields: [string, unknown][] = [];
    for (const [name, field] of Object.entries(value)) {
      const part = this.#partOf(field);
      fields.push([name, part.value]);
      key += `,${JSON.stringify(name)}:${part.name}`;
    }
    const known = this.#known(`{${key}`);
    return known ?? this.#remember(`{${key}`, Object.freeze(Object.fromEntries(fields)));
  }

  #string(value: string): Part {
    const key = JSON.stringify(value);
    return this.#known(key) ?? this.#remember(key, value, key);
  }

  #known(key: string): Part | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.#keep(key, old);
    return old;
  }

  #remember(key: string, value: unknown, name = `#${++this.#last}`): Part {
    const part = { value, name };
    this.#keep(key, part);
    return part;
  }

  #keep(key: string, part: Part): void {
    if (this.#young.size >= this.#most) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, part);
  }
}

/** The process's: what is alike in the caches and in what is rendered is there once. */
export const parts = new Interner();
