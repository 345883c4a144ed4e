import { SESSION_S } from './session-store.ts';

// The prefix makes a browser refuse the cookie unless it is Secure, of this host alone and of the path /.
const NAME = '__Host-session';
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Strict';

/** The header value that gives a browser its session. */
export const sessionCookie = (token: string): string =>
  `${NAME}=${token}; ${ATTRIBUTES}; Max-Age=${SESSION_S}`;

/** The header value that takes it away. */
export const noSessionCookie = `${NAME}=; ${ATTRIBUTES}; Max-Age=0`;

/** The session's token in a Cookie header. */
export function tokenInCookies(header: string | undefined): string | undefined {
  for (const cookie of header?.split(';') ?? []) {
    const [name, value] = cookie.trim().split('=', 2);
    if (name === NAME) return value;
  }
  return undefined;
}
