import type postgres from 'postgres';
import { Problem } from '../http/problem.ts';
import { accountGone } from './gone.ts';
import { type PlanLimits, planLimits, planOf } from './plan.ts';

const words: Readonly<Record<keyof PlanLimits, string>> = {
  portfolios: 'portfolios',
  holdings: 'holdings in a portfolio',
  watchlist: 'symbols in the watchlist',
  alerts: 'alerts that wait',
  apiKeys: 'API keys',
};

/**
 * Locks the user's row until the transaction ends and returns what the plan allows: two requests at once cannot both be
 * the last that is allowed. Throws a 401 Problem when the account is gone meanwhile.
 */
export async function lockedLimits(sql: postgres.TransactionSql, userId: string): Promise<PlanLimits> {
  // Not "for update": rows that refer to the user can still be written by others.
  const [user] = await sql<{ plan: string }[]>`
    select plan from users where id = ${userId} for no key update`;
  if (user) return planLimits[planOf(user.plan)];
  throw accountGone();
}

/** Throws a 409 Problem unless the limits leave room for one more than `have`. */
export function requireRoom(limits: PlanLimits, what: keyof PlanLimits, have: number): void {
  if (have < limits[what]) return;
  const detail = `Your plan allows ${limits[what]} ${words[what]}; remove one first, or take another plan.`;
  throw new Problem({ status: 409, kind: 'plan-limit', detail });
}
