import type { Limiter } from '../http/limits/limiter.ts';
import { Problem } from '../http/problem.ts';
import { digestOf } from './token.ts';

/** However many addresses they come from: so many guesses a minute at one account, whether there is such an account or not. */
const GUESSES_A_MINUTE = 20;

/** Throws a 429 Problem. */
export function limitGuesses(limiter: Limiter, email: string): void {
  const { allowed, resetS } = limiter.take(`login-of:${digestOf(email)}`, GUESSES_A_MINUTE);
  if (allowed) return;
  throw new Problem({
    status: 429,
    kind: 'too-many-requests',
    detail: `Too many logins with this address; try again in ${resetS} s.`,
    retryAfterS: resetS,
  });
}
