/** The values under which an object is found; none, one or several. Must depend on the object alone. */
export type IndexFunction<T> = (object: T) => string[];

/** Finds the keys of objects by a value computed from each; the same order as they came in. */
export class Index<T> {
  readonly #valuesOf: IndexFunction<T>;
  readonly #byValue = new Map<string, Set<string>>();
  readonly #byKey = new Map<string, string[]>();

  constructor(valuesOf: IndexFunction<T>) {
    this.#valuesOf = valuesOf;
  }

  get(value: string): string[] {
    return [...(this.#byValue.get(value) ?? [])];
  }

  /** The object with this key is now so. */
  put(key: string, object: T): void {
    this.remove(key);
    const values = this.#valuesOf(object);
    if (values.length > 0) this.#byKey.set(key, values);
    for (const value of values) {
      const keys = this.#byValue.get(value) ?? new Set<string>();
      this.#byValue.set(value, keys.add(key));
    }
  }

  remove(key: string): void {
    for (const value of this.#byKey.get(key) ?? []) {
      const keys = this.#byValue.get(value);
      keys?.delete(key);
      if (keys?.size === 0) this.#byValue.delete(value);
    }
    this.#byKey.delete(key);
  }
}
