import { STATUS_CODES } from 'node:http';
import type { Context, Middleware } from 'koa';
import { refersToGoneUser } from '../storage/gone-user.ts';
import { isUnavailable } from '../storage/unavailable.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';

/** One mistake in a request: in a parameter, or in the body at a JSON pointer. */
export type Mistake =
  | { readonly parameter: string; readonly detail: string }
  | { readonly pointer: string; readonly detail: string };

/**
 * An answer that is not what the client asked for, as RFC 9457 problem+json. `kind` is a stable name for programs,
 * `detail` one sentence for people.
 */
export class Problem extends Error {
  override name = 'Problem';
  readonly status: number;
  readonly kind: string;
  readonly errors: readonly Mistake[];
  readonly retryAfterS: number | undefined;
  /** The rest of the request is not read: the connection ends with the answer. */
  readonly closes: boolean;
  readonly headers: Readonly<Record<string, string>>;

  constructor(options: {
    status: number;
    kind: string;
    detail: string;
    errors?: readonly Mistake[];
    retryAfterS?: number;
    closes?: true;
    headers?: Readonly<Record<string, string>>;
    cause?: unknown;
  }) {
    super(options.detail, { cause: options.cause });
    this.status = options.status;
    this.kind = options.kind;
    this.errors = options.errors ?? [];
    this.retryAfterS = options.retryAfterS;
    this.closes = options.closes ?? false;
    this.headers = options.headers ?? {};
  }
}

/** Turns what is thrown inside it, and error statuses without a body, into problem+json. Never shows a stack. */
export function problems(logger: Logger): Middleware {
  return async (ctx, next) => {
    try {
      await next();
      if (ctx.status >= 400 && (ctx.body === undefined || ctx.body === null) && ctx.respond !== false)
        answer(ctx, plainProblem(ctx));
    } catch (error) {
      const problem = error instanceof Problem ? error : unexpected(error);
      if (problem.status >= 500) {
        logger.error('request failed', {
          requestId: ctx.state.requestId,
          path: ctx.path,
          ...errorFields(problem.cause ?? problem),
        });
      }
      answer(ctx, problem);
    }
  };
}

function answer(ctx: Context, problem: Problem): void {
  ctx.status = problem.status;
  ctx.set('Cache-Control', 'no-store');
  ctx.set(problem.headers);
  if (problem.closes) ctx.set('Connection', 'close');
  if (problem.retryAfterS !== undefined) ctx.set('Retry-After', String(problem.retryAfterS));
  ctx.type = 'application/problem+json';
  ctx.body = JSON.stringify({
    type: `urn:cryptosense:problem:${problem.kind}`,
    title: STATUS_CODES[problem.status] ?? 'Error',
    status: problem.status,
    detail: problem.message,
    ...(problem.errors.length > 0 ? { errors: problem.errors } : {}),
    requestId: ctx.state.requestId,
  });
}

function plainProblem(ctx: Context): Problem {
  const { status, method, path } = ctx;
  if (status === 404)
    return new Problem({ status, kind: 'no-such-route', detail: `There is nothing at ${path}.` });
  if (status === 405 || status === 501) {
    const allowed = String(ctx.response.get('Allow'));
    const detail = `${method} is not possible here; ${allowed} ${allowed.includes(',') ? 'are' : 'is'}.`;
    // Never 501: a method that the router has not heard of is no failure of the server.
    return new Problem({ status: 405, kind: 'method-not-allowed', detail });
  }
  return new Problem({
    status,
    kind: 'error',
    detail: `The request was answered with the status ${status}.`,
  });
}

function unexpected(cause: unknown): Problem {
  // Koa and its middleware mark an error of the client's making with a 4xx status and expose: true.
  if (cause instanceof Error && 'expose' in cause && cause.expose === true && 'status' in cause) {
    const status = Number(cause.status);
    if (status >= 400 && status < 500) {
      return new Problem({ status, kind: 'bad-request', detail: `${cause.message}.`, cause });
    }
  }
  if (refersToGoneUser(cause))
    return new Problem({ status: 401, kind: 'not-authenticated', detail: 'This account is gone.', cause });
  if (isUnavailable(cause)) {
    const detail = 'A part of the service does not answer at the moment; please try again in a few seconds.';
    return new Problem({ status: 503, kind: 'unavailable', detail, retryAfterS: 2, cause });
  }
  const detail = 'Something went wrong on our side; the request id finds it in our logs.';
  return new Problem({ status: 500, kind: 'internal', detail, cause });
}
