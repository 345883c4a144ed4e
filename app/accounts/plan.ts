import { type Plan, plans } from '../http/user.ts';

/** How many things a user may keep at a time. How many requests a plan allows is in the configuration. */
export interface PlanLimits {
  readonly portfolios: number;
  /** In one portfolio. */
  readonly holdings: number;
  readonly watchlist: number;
  /** That wait for their price; fired ones do not count. */
  readonly alerts: number;
  readonly apiKeys: number;
}

export const planLimits: Readonly<Record<Plan, PlanLimits>> = {
  free: { portfolios: 3, holdings: 50, watchlist: 50, alerts: 20, apiKeys: 2 },
  pro: { portfolios: 50, holdings: 50, watchlist: 200, alerts: 500, apiKeys: 20 },
};

/** A plan as the database has it; one that this release does not know counts as free. */
export function planOf(text: string): Plan {
  return plans.find((plan) => plan === text) ?? 'free';
}
