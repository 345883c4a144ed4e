import type { Context } from 'koa';
import type { EndpointLimit } from '../endpoint.ts';
import { Problem } from '../problem.ts';
import type { Plan, User } from '../user.ts';
import type { Limiter } from './limiter.ts';
import { WINDOW_S } from './window-counter.ts';

/** Requests a minute by plan; 0 is no limit. */
export type RateLimits = Readonly<Record<Plan | 'anonymous', number>>;

/** One limit that a request counts against. */
interface Policy {
  readonly name: string;
  readonly client: string;
  readonly quota: number;
}

/**
 * Counts the request and sets `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers). Throws a 429
 * Problem when a limit is reached. A user is one client wherever it asks from; without a user the address is.
 */
export function limitRequest(
  ctx: Context,
  options: { limiter: Limiter; limits: RateLimits; user: User | undefined; own: EndpointLimit | undefined },
): void {
  const policies = policiesFor(ctx.ip, options.user, options.limits, options.own);
  if (policies.length === 0) return;
  const taken = policies.map((policy) => ({
    ...policy,
    ...options.limiter.take(policy.client, policy.quota),
  }));
  ctx.set('RateLimit-Policy', taken.map(policyText).join(', '));
  ctx.set(
    'RateLimit',
    taken.map(({ name, remaining, resetS }) => `"${name}";r=${remaining};t=${resetS}`).join(', '),
  );
  const exceeded = taken.find(({ allowed }) => !allowed);
  if (!exceeded) return;
  throw new Problem({
    status: 429,
    kind: 'too-many-requests',
    detail: `The limit "${exceeded.name}" is ${exceeded.quota} requests a minute; it starts anew in ${exceeded.resetS} s.`,
    retryAfterS: exceeded.resetS,
  });
}

/** A policy as `RateLimit-Policy` names it. */
export const policyText = ({ name, quota }: Pick<Policy, 'name' | 'quota'>): string =>
  `"${name}";q=${quota};w=${WINDOW_S}`;

function policiesFor(
  address: string,
  user: User | undefined,
  limits: RateLimits,
  own: EndpointLimit | undefined,
): Policy[] {
  const plan = user?.plan ?? 'anonymous';
  const quota = limits[plan];
  const policies: Policy[] = [];
  if (quota > 0) policies.push({ name: plan, client: user ? `user:${user.id}` : `ip:${address}`, quota });
  if (own) policies.push({ name: own.name, client: `${own.name}:${address}`, quota: own.perMinute });
  return policies;
}
