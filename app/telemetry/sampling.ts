/** Draws some of the requests. */
export interface Sampling {
  /** The share that this request was drawn with, between 0 and 1, or undefined where it was not. `now` in ms, never less than before. */
  draw(now: number): number | undefined;
}

const SECOND_MS = 1_000;

/**
 * Draws `share` of what comes, and less of it while that would be more than `most` a second: the share of each second is found from how
 * many came in the one before. Whoever adds up what was drawn divides each by its share. A share of 1 draws everything, whatever comes.
 */
export function createSampling(share: number, most: number, random: () => number = Math.random): Sampling {
  const limit = share < 1 ? most : Number.POSITIVE_INFINITY;
  let present = share;
  let came = 0;
  let since = Number.NEGATIVE_INFINITY;
  return {
    draw: (now) => {
      const elapsed = now - since;
      if (elapsed >= SECOND_MS) {
        // After a pause nothing is known but that little came.
        present = Math.min(share, (limit * elapsed) / SECOND_MS / came);
        came = 0;
        since = now;
      }
      came += 1;
      return random() < present ? present : undefined;
    },
  };
}
