import { z } from 'zod';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import type { Limiter } from '../http/limits/limiter.ts';
import type { PortfolioLookup } from '../portfolios/portfolio-lookup.ts';
import type { ApiKeyStore } from './api-key-store.ts';
import { accountGone } from './gone.ts';
import { limitGuesses } from './guesses.ts';
import { type Passwords, wrongPassword } from './login.ts';
import { givenPassword } from './password-hash.ts';
import { noSessionCookie } from './session-cookie.ts';
import type { SessionStore } from './session-store.ts';
import type { UserStore } from './user-store.ts';

/**
 * `DELETE /auth/me`: the account and all that belongs to it. One transaction takes the rows; copies in Redis go right after
 * it. When Redis is away they go as soon as it answers, and count for a minute at most (app/storage/leased-cache.ts).
 */
export function erasureEndpoint(services: {
  passwords: Passwords;
  users: UserStore;
  sessions: Pick<SessionStore, 'forget'>;
  apiKeys: Pick<ApiKeyStore, 'forget'>;
  portfolios: Pick<PortfolioLookup, 'changed'>;
  limiter: Limiter;
}): Endpoint {
  const { passwords, users, sessions, apiKeys, portfolios, limiter } = services;
  return endpoint({
    method: 'delete',
    path: '/auth/me',
    operationId: 'deleteAccount',
    summary: 'Delete the account and all that belongs to it',
    description:
      'Portfolios, watchlist, alerts, API keys and sessions go with it, at once and for good. Nothing of it can be brought back.',
    tag: 'Accounts',
    body: z.strictObject({ password: givenPassword }),
    answers: { 204: { description: 'The account is gone' } },
    problems: [403],
    access: 'user',
    limit: { name: 'password', perMinute: 10 },
    handle: async ({ body, user }) => {
      const account = await users.byId(user.id);
      if (!account) throw accountGone();
      limitGuesses(limiter, account.email);
      const erased = await users.erase(account.id, await passwords.confirm(account, body.password));
      if (!erased) throw wrongPassword();
      await Promise.all([
        sessions.forget(erased.sessions),
        apiKeys.forget(erased.apiKeys),
        portfolios.changed(account.id),
      ]);
      return { status: 204 as const, headers: { 'Set-Cookie': noSessionCookie } };
    },
  });
}
