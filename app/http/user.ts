import type { Context } from 'koa';

/** What an account has paid for; it decides how many requests a minute it may make. */
export const plans = ['free', 'pro'] as const;
export type Plan = (typeof plans)[number];

/** Who a request comes from. It is in `ctx.state.user` once it is known. */
export interface User {
  readonly id: string;
  readonly plan: Plan;
}

/**
 * Finds out who asks; undefined for a request without credentials. Throws a 401 Problem for credentials that are
 * wrong, and a 503 one when nobody can say.
 */
export type Authenticate = (ctx: Context) => Promise<User | undefined>;
