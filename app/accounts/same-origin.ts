import type { IncomingHttpHeaders } from 'node:http';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Whether a request that carries a cookie may do what it asks. A browser says by itself where a request comes from: by
 * Sec-Fetch-Site, or, when it is an old one, by Origin. A request with neither comes from no browser, and nobody else
 * can make it carry another person's cookie. Source: Go's net/http.CrossOriginProtection, OWASP's CSRF cheat sheet.
 */
export function mayUseCookie(method: string, headers: IncomingHttpHeaders): boolean {
  if (SAFE.has(method)) return true;
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  const { origin, host } = headers;
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}
