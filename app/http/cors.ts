import type { Middleware } from 'koa';

const EXPOSED = [
  'ETag',
  'Idempotency-Replayed',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'X-Request-Id',
].join(', ');
/** What every answer of the API says of other origins. */
export const corsHeaderValues: Readonly<Record<string, string>> = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': EXPOSED,
};
const ALLOWED =
  'Accept, Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, X-API-Key, X-Request-Id';

/**
 * Pages of other origins may use the API with a token, and never with a visitor's cookie: credentials are not allowed to any
 * origin, so a browser sends none and shows no answer to a request that had some.
 */
export const cors: Middleware = async (ctx, next) => {
  if (!ctx.path.startsWith('/api/')) return next();
  ctx.set({ ...corsHeaderValues });
  if (ctx.method !== 'OPTIONS' || ctx.get('Access-Control-Request-Method') === '') return next();
  ctx.set('Access-Control-Allow-Methods', 'GET, HEAD, POST, PUT, PATCH, DELETE');
  ctx.set('Access-Control-Allow-Headers', ALLOWED);
  ctx.set('Access-Control-Max-Age', '7200');
  ctx.status = 204;
};
