/**
 * Makes concurrent calls with the same key share one piece of work and its outcome, good or bad. Nothing is kept
 * after that: the next call begins anew.
 */
export function singleFlight<T>(): (key: string, work: () => Promise<T>) => Promise<T> {
  const flying = new Map<string, Promise<T>>();
  return (key, work) => {
    const shared = flying.get(key);
    if (shared) return shared;
    const started = work().finally(() => flying.delete(key));
    flying.set(key, started);
    return started;
  };
}
