import type { Context } from 'koa';
import { Problem } from '../http/problem.ts';
import type { ApiKeyStore } from './api-key-store.ts';
import type { Identity } from './identity.ts';
import { mayUseCookie } from './same-origin.ts';
import { tokenInCookies } from './session-cookie.ts';
import type { SessionStore } from './session-store.ts';
import { kindOf } from './token.ts';

/** A token as a request has it, and where. */
interface Credential {
  readonly token: string;
  readonly place: 'authorization' | 'x-api-key' | 'cookie';
}

/** Finds out who asks. A header counts before a cookie: whoever sends one means it. */
export function createAuthenticate(stores: {
  sessions: SessionStore;
  apiKeys: ApiKeyStore;
}): (ctx: Context) => Promise<Identity | undefined> {
  const { sessions, apiKeys } = stores;

  const find = async ({ token, place }: Credential): Promise<Identity | undefined> => {
    const kind = kindOf(token);
    if (kind === 'session' && place !== 'x-api-key') return sessions.find(token);
    if (kind === 'api-key' && place !== 'cookie') return apiKeys.find(token);
    return undefined;
  };

  return async (ctx) => {
    const credential = credentialOf(ctx);
    if (!credential) return undefined;
    const identity = await find(credential);
    if (credential.place === 'cookie') {
      // An old cookie is no mistake of anyone: the page is shown as to a stranger, who may log in.
      if (!identity) return undefined;
      requireSameOrigin(ctx);
      return identity;
    }
    if (identity) return identity;
    throw new Problem({
      status: 401,
      kind: 'wrong-token',
      detail: 'The token is unknown, expired or revoked; log in again, or make a new API key.',
      headers: { 'WWW-Authenticate': 'Bearer realm="cryptosense", error="invalid_token"' },
    });
  };
}

/** Throws a 403 Problem when another site's page makes a visitor's browser write something here. */
export function requireSameOrigin(ctx: Context): void {
  if (mayUseCookie(ctx.method, ctx.headers)) return;
  const detail =
    'A page of another site cannot use this session; send a token as "Authorization: Bearer ...".';
  throw new Problem({ status: 403, kind: 'cross-site', detail });
}

/** The session that a request came with, wherever it stands; undefined when there is none. */
export function sessionTokenOf(ctx: Context): string | undefined {
  const token = credentialOf(ctx)?.token ?? tokenInCookies(ctx.headers.cookie);
  return token !== undefined && kindOf(token) === 'session' ? token : undefined;
}

function credentialOf(ctx: Context): Credential | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(ctx.get('authorization'))?.[1];
  if (ctx.get('authorization') !== '') return { token: bearer ?? '', place: 'authorization' };
  const key = ctx.get('x-api-key');
  if (key !== '') return { token: key, place: 'x-api-key' };
  const cookie = tokenInCookies(ctx.headers.cookie);
  return cookie === undefined ? undefined : { token: cookie, place: 'cookie' };
}
