import { Problem } from '../http/problem.ts';

/** For who is known still, by a session or a key, and whose account has been deleted meanwhile. */
export function accountGone(): Problem {
  return new Problem({ status: 401, kind: 'not-authenticated', detail: 'This account is gone.' });
}
