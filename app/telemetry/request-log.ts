import { randomUUID } from 'node:crypto';
import type { Middleware } from 'koa';
import { isWellFormedId } from '../http/request-id.ts';
import type { Logger } from './logger.ts';
import { createSampling } from './sampling.ts';

const OPERATIONAL = /^\/(health|metrics)(\/|$)/;

/** What a line of the log says of a request. */
interface Answered {
  readonly requestId: string;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
  /** When it was answered, as `performance.now()` has it. */
  readonly at: number;
}

/** So many successes a second are in the log at most: they are a sample, which gets no better by being longer. */
const MOST_SUCCESSES_A_SECOND = 50;

/** Writes the line of a request: failures always, a share of the successes, probes and scrapes only at level debug. */
export function requestLog(options: {
  logger: Logger;
  successShare: number;
}): (answered: Answered, path: string) => void {
  const { logger, successShare } = options;
  const successes = createSampling(successShare, MOST_SUCCESSES_A_SECOND);
  return ({ requestId, method, route, status, seconds, at }, path) => {
    const level = levelOf(status, path);
    const sampled = level === 'info' ? successes.draw(at) : 1;
    if (sampled === undefined) return;
    if (!logger.isLevelEnabled(level)) return;
    logger.log(level, 'request', {
      requestId,
      method,
      route,
      status,
      durationMs: Math.round(seconds * 100_000) / 100,
      // Sampled lines count for more than themselves; whoever adds them up needs the share.
      ...(sampled < 1 ? { sampled } : {}),
    });
  };
}

/** Gives each request an id, the caller's `X-Request-Id` when it is well-formed, and has it logged. */
export function identifiedAndLogged(
  log: ReturnType<typeof requestLog>,
  routeOf: (method: string, path: string) => string,
): Middleware {
  return async (ctx, next) => {
    const start = performance.now();
    const given = ctx.get('x-request-id');
    const requestId = isWellFormedId(given) ? given : randomUUID();
    ctx.state.requestId = requestId;
    ctx.set('X-Request-Id', requestId);
    await next();
    const { method, path, status } = ctx;
    const route = typeof ctx._matchedRoute === 'string' ? ctx._matchedRoute : routeOf(method, path);
    const at = performance.now();
    log({ requestId, method, route, status, seconds: (at - start) / 1_000, at }, path);
  };
}

function levelOf(status: number, path: string): 'error' | 'warn' | 'info' | 'debug' {
  // Readiness answers 503 by design; the reason is logged where it is known.
  if (path !== '' && OPERATIONAL.test(path)) return 'debug';
  if (status >= 500) return 'error';
  return status >= 400 ? 'warn' : 'info';
}
