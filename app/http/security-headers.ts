import type { Middleware } from 'koa';

/** Headers for an API that serves data alone: nothing in an answer may be run, framed or sniffed. */
export const securityHeaderValues: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-site',
};
export const STRICT_TRANSPORT = 'max-age=31536000; includeSubDomains';

export const securityHeaders: Middleware = async (ctx, next) => {
  ctx.set({ ...securityHeaderValues });
  if (ctx.secure) ctx.set('Strict-Transport-Security', STRICT_TRANSPORT);
  await next();
};
