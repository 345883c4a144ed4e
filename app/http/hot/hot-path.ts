import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { corsHeaderValues } from '../cors.ts';
import type { Limiter } from '../limits/limiter.ts';
import { WINDOW_S } from '../limits/window-counter.ts';
import { isWellFormedId } from '../request-id.ts';
import { STRICT_TRANSPORT, securityHeaderValues } from '../security-headers.ts';
import type { ReadyAnswer, ReadyAnswers } from './ready-answers.ts';

/** What a request that was answered here is counted and logged by. */
export interface HotRequest {
  readonly route: string;
  readonly status: 200 | 304;
  readonly requestId: string;
  readonly seconds: number;
}

const STATIC = Object.entries({
  ...securityHeaderValues,
  ...corsHeaderValues,
  Vary: 'Accept-Encoding',
}).flat();

/**
 * Answers from ready-made bytes, before the framework, what may be sent to anybody: the same headers, limits, ids, metrics and
 * log lines as behind it, at a fraction of the time. Everything that is not as plain as that (credentials, a limit
 * that is reached, a server that drains, a trace) is left to `next`.
 */
export function hotPath(options: {
  ready: ReadyAnswers;
  limiter: Limiter;
  /** Requests a minute for a client without an account; 0 for no limit. */
  quota: number;
  trustedProxies: number;
  /** Whether this request has to take the long way. */
  isSpecial: (request: IncomingMessage) => boolean;
  onAnswer: (answered: HotRequest) => void;
  next: RequestListener;
}): RequestListener {
  const { ready, limiter, quota, trustedProxies, isSpecial, onAnswer, next } = options;
  const policy = `"anonymous";q=${quota};w=${WINDOW_S}`;

  return (request, response) => {
    const answer = request.method === 'GET' ? ready.get(request.url ?? '') : undefined;
    if (answer === undefined) return next(request, response);
    const start = performance.now();
    if (start > answer.until || !isPlain(request) || isSpecial(request)) return next(request, response);
    const head = [...STATIC];
    if (quota > 0) {
      const { allowed, remaining, resetS } = limiter.take(`ip:${addressOf(request, trustedProxies)}`, quota);
      if (!allowed) return next(request, response);
      head.push('RateLimit-Policy', policy, 'RateLimit', `"anonymous";r=${remaining};t=${resetS}`);
    }
    const { 'x-request-id': given } = request.headers;
    const requestId = typeof given === 'string' && isWellFormedId(given) ? given : randomUUID();
    head.push('X-Request-Id', requestId);
    if (trustedProxies > 0 && request.headers['x-forwarded-proto'] === 'https')
      head.push('Strict-Transport-Security', STRICT_TRANSPORT);
    const status = write(request, response, answer, head);
    onAnswer({ route: answer.route, status, requestId, seconds: (performance.now() - start) / 1_000 });
  };
}

function write(
  { headers }: IncomingMessage,
  response: ServerResponse,
  answer: ReadyAnswer,
  head: string[],
): 200 | 304 {
  head.push('ETag', answer.etag, 'Cache-Control', answer.cacheControl);
  if (headers['if-none-match'] === answer.etag) {
    response.writeHead(304, head).end();
    return 304;
  }
  head.push('Content-Type', answer.type);
  if (answer.gzip !== undefined && headers['accept-encoding']?.includes('gzip')) {
    head.push('Content-Encoding', 'gzip', 'Content-Length', String(answer.gzip.length));
    response.writeHead(200, head).end(answer.gzip);
  } else {
    head.push('Content-Length', String(answer.length));
    response.writeHead(200, head).end(answer.identity);
  }
  return 200;
}

/** Nobody's credentials, nothing to negotiate, no body. */
function isPlain({ headers }: IncomingMessage): boolean {
  const { accept, authorization, cookie, 'x-api-key': key, 'content-length': length } = headers;
  const encodings = headers['accept-encoding'];
  return (
    authorization === undefined &&
    cookie === undefined &&
    key === undefined &&
    length === undefined &&
    headers['transfer-encoding'] === undefined &&
    (accept === undefined || accept.includes('*/*') || accept.includes('application/json')) &&
    // A weight may forbid what the name asks for.
    (encodings === undefined || !encodings.includes('q=0'))
  );
}

/** As Koa finds it, see http-server.ts: the address that the outermost trusted proxy has seen. */
function addressOf(request: IncomingMessage, trustedProxies: number): string {
  const forwarded = trustedProxies === 0 ? undefined : request.headers['x-forwarded-for'];
  if (typeof forwarded === 'string') {
    const addresses = forwarded.split(/\s*,\s*/).slice(-trustedProxies);
    if (addresses[0]) return addresses[0];
  }
  return request.socket.remoteAddress ?? '';
}
