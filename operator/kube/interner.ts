/** So many parts are remembered, twice over: those of a dozen environments or more, which all others are like. */
const MOST = 8_192;

interface Part {
  value: unknown;
  /** Says of two different parts almost always that they are; a hash is made of it, and the parts themselves decide. */
  id: number;
  /** Another part with the same hash. */
  next: Part | undefined;
}

/**
 * Makes equal parts of plain JSON values one and the same frozen object: the objects of a thousand environments differ
 * in names, and have their probes, limits and security contexts in common.
 *
 * What was met last is remembered, in two generations: a part that comes again moves to the younger one, and when that
 * is full the older one is forgotten. What is forgotten too early costs memory and nothing else.
 *
 * It is asked about every object that the API server sends, so it makes no texts to look things up by: a part's hash
 * is made of its names and of the numbers of its own parts.
 */
export class Interner {
  readonly #most: number;
  #young = new Generation();
  #old = new Generation();
  #last = 0;
  /** Names and fields of the objects that are being looked at, of the inner ones behind those of the outer ones. */
  readonly #fields: unknown[] = [];

  constructor(most = MOST) {
    this.#most = most;
  }

  /**
   * Equal to `value`, deeply frozen, and made of parts that were met before where there are equal ones. `value` is given
   * away: what was not met before is frozen and kept as it is.
   */
  intern<V>(value: V): V {
    return this.#partOf(value).value as V;
  }

  /** The object itself, which has no equal, with each of its fields interned. */
  internFields<V extends object>(value: V): V {
    const fields = value as Record<string, unknown>;
    for (const name of Object.keys(fields)) fields[name] = this.#partOf(fields[name]).value;
    return value;
  }

  #partOf(value: unknown): Part {
    if (typeof value !== 'object' || value === null) return this.#simple(value);
    const start = this.#fields.length;
    const isArray = Array.isArray(value);
    let hash = isArray ? 1 : 2;
    // These are plain JSON values: nothing is inherited. for...in makes no list of the names.
    for (const name in value) {
      const part = this.#partOf((value as Record<string, unknown>)[name]);
      // The names of an array's items are their places.
      if (!isArray) {
        hash = mixed(hash, this.#simple(name).id);
        this.#fields.push(name);
      }
      hash = mixed(hash, part.id);
      this.#fields.push(part.value);
    }
    const known = this.#known(hash, isArray, start) ?? this.#new(hash, this.#made(value, isArray, start));
    this.#fields.length = start;
    return known;
  }

  #simple(value: unknown): Part {
    const young = this.#young.simple.get(value);
    if (young !== undefined) return young;
    const part = this.#old.simple.get(value) ?? { value, id: this.#nextId(), next: undefined };
    this.#makeRoom();
    this.#young.simple.set(value, part);
    return part;
  }

  /** `value` with the interned fields; itself where it may be changed. */
  #made(value: object, isArray: boolean, start: number): object {
    const own = Object.isFrozen(value) ? copyOf(value) : value;
    const fields = own as Record<string, unknown>;
    let index = start;
    for (const name in own) {
      if (!isArray) index += 1;
      const field = this.#fields[index++];
      if (fields[name] !== field) fields[name] = field;
    }
    return Object.freeze(own);
  }

  #known(hash: number, isArray: boolean, start: number): Part | undefined {
    const young = this.#find(this.#young, hash, isArray, start);
    if (young !== undefined) return young;
    const old = this.#find(this.#old, hash, isArray, start);
    return old && this.#keep(hash, { value: old.value, id: old.id, next: undefined });
  }

  #find({ made }: Generation, hash: number, isArray: boolean, start: number): Part | undefined {
    let part = made.get(hash);
    while (part !== undefined && !this.#isMadeOf(part.value as object, isArray, start)) part = part.next;
    return part;
  }

  /** Whether `known` has the names from `start` on, in their order, and the interned fields. */
  #isMadeOf(known: object, isArray: boolean, start: number): boolean {
    if (Array.isArray(known) !== isArray) return false;
    let index = start;
    for (const name in known) {
      if (!isArray && this.#fields[index++] !== name) return false;
      if (this.#fields[index++] !== (known as Record<string, unknown>)[name]) return false;
    }
    return index === this.#fields.length;
  }

  #new(hash: number, value: object): Part {
    return this.#keep(hash, { value, id: this.#nextId(), next: undefined });
  }

  #keep(hash: number, part: Part): Part {
    this.#makeRoom();
    part.next = this.#young.made.get(hash);
    this.#young.made.set(hash, part);
    this.#young.size += 1;
    return part;
  }

  #makeRoom(): void {
    if (this.#young.size + this.#young.simple.size < this.#most) return;
    this.#old = this.#young;
    this.#young = new Generation();
  }

  #nextId(): number {
    this.#last = (this.#last + 1) | 0;
    return this.#last;
  }
}

class Generation {
  /** Texts, numbers and the like. */
  readonly simple = new Map<unknown, Part>();
  /** Objects and arrays, by hash. */
  readonly made = new Map<number, Part>();
  /** How many are in `made`. */
  size = 0;
}

/** FNV-1a, with whole numbers for bytes. */
function mixed(hash: number, id: number): number {
  return Math.imul(hash ^ id, 16_777_619) ^ (id >>> 15);
}

function copyOf(value: object): object {
  return Array.isArray(value) ? [...value] : Object.fromEntries(Object.entries(value));
}

/** The process's: what is alike in the caches and in what is rendered is there once. */
export const parts = new Interner();
