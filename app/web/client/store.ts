/** The newest price of an asset, as the page knows it. */
export interface Quote {
  readonly symbol: string;
  readonly name: string;
  readonly price: string | null;
  readonly timestamp: string | null;
}

/** A value that others hear of when it changes. */
export interface Store<T> {
  readonly value: T;
  set(value: T): void;
  /** Calls at once, and at each change. */
  watch(listener: (value: T) => void): void;
}

export function createStore<T>(initial: T): Store<T> {
  const listeners: ((value: T) => void)[] = [];
  let value = initial;
  return {
    get value() {
      return value;
    },
    set: (next) => {
      value = next;
      for (const listener of listeners) listener(value);
    },
    watch: (listener) => {
      listeners.push(listener);
      listener(value);
    },
  };
}
