/** The values under which an object is found; none, one or several. Must depend on the object alone. */
export type IndexFunction<T> = (object: T) => string[];

/** Finds objects by a value computed from each; the same order as they came in. */
export class Index<T> {
  readonly #valuesOf: IndexFunction<T>;
  readonly #byValue = new Map<string, Set<T>>();

  constructor(valuesOf: IndexFunction<T>) {
    this.#valuesOf = valuesOf;
  }

  get(value: string): T[] {
    return [...(this.#byValue.get(value) ?? [])];
  }

  /** Takes out the object as it was and puts in the object as it is. */
  move(before: T | undefined, after: T | undefined): void {
    if (before !== undefined) {
      for (const value of this.#valuesOf(before)) this.#remove(value, before);
    }
    if (after !== undefined) {
      for (const value of this.#valuesOf(after)) this.#add(value, after);
    }
  }

  #add(value: string, object: T): void {
    const set = this.#byValue.get(value) ?? new Set<T>();
    this.#byValue.set(value, set.add(object));
  }

  #remove(value: string, object: T): void {
    const set = this.#byValue.get(value);
    set?.delete(object);
    if (set?.size === 0) this.#byValue.delete(value);
  }
}
