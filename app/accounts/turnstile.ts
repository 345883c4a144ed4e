/** So many already wait that another one would wait too long, or the wait has been too long. */
export class Crowded extends Error {
  override name = 'Crowded';
}

/** Lets `atOnce` pieces of work run at a time. */
export type Turnstile = <T>(work: () => Promise<T>) => Promise<T>;

interface Waiting {
  readonly since: number;
  enter(): void;
  refuse(reason: Crowded): void;
}

/**
 * At most `atOnce` pieces of work run, `waiting` more wait in the order of their arrival, and the next one throws Crowded
 * at once: what costs memory and processor time is bounded whatever is asked. One that has waited for longer than
 * `longestWaitMs` when its turn comes throws Crowded as well: whoever asked for it may have gone.
 */
export function createTurnstile(limits: {
  atOnce: number;
  waiting: number;
  longestWaitMs: number;
}): Turnstile {
  const queue: Waiting[] = [];
  let running = 0;

  /** Hands the place to the next who still wants it: nobody can slip in between. */
  const leave = () => {
    for (;;) {
      const next = queue.shift();
      if (!next) {
        running -= 1;
        return;
      }
      const waitedMs = performance.now() - next.since;
      if (waitedMs <= limits.longestWaitMs) return next.enter();
      next.refuse(new Crowded(`waited for ${Math.round(waitedMs)} ms`));
    }
  };

  return async (work) => {
    if (running >= limits.atOnce) {
      if (queue.length >= limits.waiting) throw new Crowded(`${queue.length} already wait`);
      await new Promise<void>((enter, refuse) => queue.push({ since: performance.now(), enter, refuse }));
    } else {
      running += 1;
    }
    try {
      return await work();
    } finally {
      leave();
    }
  };
}
