import { randomUUID } from 'node:crypto';
import type { Middleware } from 'koa';
import type { Logger } from './logger.ts';

const WELL_FORMED_ID = /^[\w.:-]{1,128}$/;
const OPERATIONAL = /^\/(health|metrics)(\/|$)/;

/**
 * Gives each request an id (the caller's `X-Request-Id` when it is well-formed) and logs it: failures always, a
 * share of the successes, probes and scrapes only at level debug.
 */
export function requestLog(options: {
  logger: Logger;
  successShare: number;
  routeOf: (method: string, path: string) => string;
}): Middleware {
  const { logger, successShare, routeOf } = options;
  return async (ctx, next) => {
    const start = performance.now();
    const given = ctx.get('x-request-id');
    const requestId = WELL_FORMED_ID.test(given) ? given : randomUUID();
    ctx.state.requestId = requestId;
    ctx.set('X-Request-Id', requestId);
    await next();
    const level = levelOf(ctx.status, ctx.path);
    if (level === 'info' && Math.random() >= successShare) return;
    if (!logger.isLevelEnabled(level)) return;
    logger.log(level, 'request', {
      requestId,
      method: ctx.method,
      route: routeOf(ctx.method, ctx.path),
      status: ctx.status,
      durationMs: Math.round((performance.now() - start) * 100) / 100,
      // Sampled lines count for more than themselves; whoever adds them up needs the share.
      ...(level === 'info' && successShare < 1 ? { sampled: successShare } : {}),
    });
  };
}

function levelOf(status: number, path: string): 'error' | 'warn' | 'info' | 'debug' {
  // Readiness answers 503 by design; the reason is logged where it is known.
  if (OPERATIONAL.test(path)) return 'debug';
  if (status >= 500) return 'error';
  return status >= 400 ? 'warn' : 'info';
}
