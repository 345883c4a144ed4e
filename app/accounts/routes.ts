import { z } from 'zod';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import type { Limiter } from '../http/limits/limiter.ts';
import { timestamp } from '../http/schemas.ts';
import { plans } from '../http/user.ts';
import { requireSameOrigin, sessionTokenOf } from './authenticate.ts';
import { emailSchema } from './email.ts';
import { accountGone } from './gone.ts';
import { limitGuesses } from './guesses.ts';
import type { Passwords } from './login.ts';
import { givenPassword as password, passwordSchema } from './password-hash.ts';
import { noSessionCookie, sessionCookie } from './session-cookie.ts';
import type { SessionStore } from './session-store.ts';
import type { Account, UserStore } from './user-store.ts';

const tag = 'Accounts';

const account = z
  .object({ id: z.string(), email: z.string(), plan: z.enum(plans), createdAt: timestamp })
  .meta({ id: 'Account' });

const credentials = z.strictObject({ email: emailSchema, password: passwordSchema });

const login = z.strictObject({
  email: emailSchema,
  password,
  session: z
    .enum(['bearer', 'cookie'], { error: 'must be bearer or cookie' })
    .default('bearer')
    .describe(
      'bearer: the token is in the answer. cookie: it is in an HttpOnly cookie, and no script sees it.',
    ),
});

const loggedIn = z
  .object({ account, expiresAt: timestamp, token: z.string().optional() })
  .meta({ id: 'Session' });

/** `/auth/...`: registration, login, logout, who one is, and another password. */
export function accountEndpoints(services: {
  passwords: Passwords;
  users: UserStore;
  sessions: SessionStore;
  limiter: Limiter;
}): Endpoint[] {
  const { passwords, users, sessions, limiter } = services;
  const accountOf = async (id: string): Promise<Account> => {
    const found = await users.byId(id);
    if (found) return found;
    throw accountGone();
  };

  return [
    endpoint({
      method: 'post',
      path: '/auth/register',
      operationId: 'register',
      summary: 'Make an account',
      tag,
      body: credentials,
      answers: { 201: { description: 'The new account; log in next', schema: account } },
      problems: [409, 503],
      access: 'public',
      limit: { name: 'register', perMinute: 10 },
      handle: async ({ body }) => ({
        status: 201 as const,
        body: shown(await passwords.register(body.email, body.password)),
      }),
    }),
    endpoint({
      method: 'post',
      path: '/auth/login',
      operationId: 'login',
      summary: 'Begin a session',
      description:
        'The answer to a wrong password and to an unknown address is the same, after the same time.',
      tag,
      body: login,
      answers: { 200: { description: 'A session of a week', schema: loggedIn } },
      problems: [401, 403, 503],
      access: 'public',
      limit: { name: 'login', perMinute: 20 },
      handle: async ({ body, ctx }) => {
        if (body.session === 'cookie') requireSameOrigin(ctx);
        limitGuesses(limiter, body.email);
        const found = await passwords.check(body.email, body.password);
        const { token, expiresAt } = await sessions.begin(found, sessionTokenOf(ctx));
        const answer = { account: shown(found), expiresAt: expiresAt.toISOString() };
        if (body.session === 'bearer') return { status: 200 as const, body: { ...answer, token } };
        return { status: 200 as const, headers: { 'Set-Cookie': sessionCookie(token) }, body: answer };
      },
    }),
    endpoint({
      method: 'post',
      path: '/auth/logout',
      operationId: 'logout',
      summary: 'End the session',
      tag,
      answers: { 204: { description: 'The session has ended, or there was none' } },
      problems: [503],
      access: 'public',
      handle: async ({ ctx }) => {
        const token = sessionTokenOf(ctx);
        if (token !== undefined) await sessions.end(token);
        return { status: 204 as const, headers: { 'Set-Cookie': noSessionCookie } };
      },
    }),
    endpoint({
      method: 'get',
      path: '/auth/me',
      operationId: 'me',
      summary: 'Who asks',
      tag,
      answers: { 200: { description: 'The account', schema: account } },
      access: 'user',
      handle: async ({ user }) => ({ status: 200 as const, body: shown(await accountOf(user.id)) }),
    }),
    endpoint({
      method: 'put',
      path: '/auth/password',
      operationId: 'changePassword',
      summary: 'Take another password',
      description: 'Ends all other sessions of the account.',
      tag,
      body: z.strictObject({ current: password, next: passwordSchema }),
      answers: { 204: { description: 'The new password holds' } },
      problems: [403],
      access: 'user',
      limit: { name: 'password', perMinute: 10 },
      handle: async ({ body, user, ctx }) => {
        await passwords.change(await accountOf(user.id), body.current, body.next);
        await sessions.endOthers(user.id, sessionTokenOf(ctx));
        return { status: 204 as const };
      },
    }),
  ];
}

const shown = ({ id, email, plan, createdAt }: Account) => ({
  id,
  email,
  plan,
  createdAt: createdAt.toISOString(),
});
