import type { ReleaseInputs } from './resolved.ts';

/** The variable by which a pod is told how many connections to PgBouncer it opens at most. */
export const POOL_SIZE_VARIABLE = 'DATABASE_POOL_SIZE';

/** What the application takes for it. */
export const POOL_SIZE_RANGE = { least: 1, most: 100 } as const;

/** What pods are told where the release says nothing: said and not left to the image, because the operator reckons with it. */
export const POOL_SIZE = {
  api: 10,
  /** One forecast needs one query; more at once would only wait for the one core that computes them. */
  predictor: 2,
} as const;

/** Connections to PgBouncer that one API pod of a release opens at most; NaN where the release says what is no number. */
export function apiPoolSize({ config }: Pick<ReleaseInputs, 'config'>): number {
  // An empty value is none, to the application as well.
  return Number(config[POOL_SIZE_VARIABLE] || POOL_SIZE.api);
}
