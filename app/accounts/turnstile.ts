/** So many already wait that another one would wait too long. */
export class Crowded extends Error {
  override name = 'Crowded';
}

/** Lets `atOnce` pieces of work run at a time. */
export type Turnstile = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * At most `atOnce` pieces of work run, `waiting` more wait in the order of their arrival, and the next one throws Crowded
 * at once: what costs memory and processor time is bounded whatever is asked.
 */
export function createTurnstile(limits: { atOnce: number; waiting: number }): Turnstile {
  const queue: (() => void)[] = [];
  let running = 0;

  return async (work) => {
    if (running >= limits.atOnce) {
      if (queue.length >= limits.waiting) throw new Crowded(`${queue.length} already wait`);
      // Whoever leaves hands its place over: nobody can slip in between.
      await new Promise<void>((resolve) => queue.push(resolve));
    } else {
      running += 1;
    }
    try {
      return await work();
    } finally {
      const next = queue.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
