import { SeededRandom } from '../../integration/seeded-random.ts';

/** A number of 0 to 1 at each call. */
export type Random = () => number;

/** Reproducible: the same seed gives the same numbers. */
export function seeded(seed: number): Random {
  const random = new SeededRandom(seed);
  return () => random.next();
}

/** How many of `trials` succeed; exact, by the distances between successes, so that rare ones cost little. */
export function binomial(trials: number, probability: number, random: Random): number {
  if (probability <= 0) return 0;
  if (probability >= 1) return trials;
  const scale = Math.log(1 - probability);
  let successes = 0;
  for (let i = skip(random, scale); i < trials; i += skip(random, scale) + 1) successes += 1;
  return successes;
}

function skip(random: Random, scale: number): number {
  return Math.floor(Math.log(1 - random()) / scale);
}
