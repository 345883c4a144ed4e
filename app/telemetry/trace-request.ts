import { SpanStatusCode } from '@opentelemetry/api';
import type { Middleware } from 'koa';
import { isTracing, tracedRequest } from './trace.ts';

const OPERATIONAL = /^\/(health|metrics)(\/|$)/;

/** A span a request, named after its route; probes and scrapes have none. The outermost middleware. */
export function traceRequests(routeOf: (method: string, path: string) => string): Middleware {
  return async (ctx, next) => {
    if (!isTracing() || OPERATIONAL.test(ctx.path)) return next();
    await tracedRequest(ctx.method, ctx.get('traceparent'), async (span) => {
      await next();
      const route = typeof ctx._matchedRoute === 'string' ? ctx._matchedRoute : routeOf(ctx.method, ctx.path);
      span?.updateName(`${ctx.method} ${route}`);
      span?.setAttributes({ 'http.route': route, 'http.response.status_code': ctx.status });
      if (ctx.status >= 500) span?.setStatus({ code: SpanStatusCode.ERROR });
    });
  };
}
