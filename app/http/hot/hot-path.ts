import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Limiter } from '../limits/limiter.ts';
import { isWellFormedId } from '../request-id.ts';
import { STRICT_TRANSPORT } from '../security-headers.ts';
import { dateLine } from './http-date.ts';
import { numberText } from './number-text.ts';
import type { ReadyAnswer, ReadyAnswers } from './ready-answers.ts';
import type { Representation } from './representation.ts';
import type { SendWhole } from './send-whole.ts';

const STRICT_TRANSPORT_LINE = `Strict-Transport-Security: ${STRICT_TRANSPORT}\r\n`;

/** What a request that was answered here is counted and logged by. */
export interface HotRequest {
  readonly method: 'GET';
  readonly route: string;
  readonly status: 200 | 304;
  readonly requestId: string;
  readonly seconds: number;
  /** When it was answered, as `performance.now()` has it. */
  readonly at: number;
}

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
  /** undefined where Node does not let it be done. */
  sendWhole: SendWhole | undefined;
  /** Whether this request has to take the long way. */
  isSpecial: (request: IncomingMessage) => boolean;
  onAnswer: (answered: HotRequest) => void;
  next: RequestListener;
}): RequestListener {
  const { ready, limiter, quota, trustedProxies, sendWhole, isSpecial, onAnswer, next } = options;

  return (request, response) => {
    const answer = request.method === 'GET' ? ready.get(request.url ?? '') : undefined;
    if (answer === undefined) return next(request, response);
    const start = performance.now();
    if (!isPlain(request) || isSpecial(request) || answer.isOld(start)) return next(request, response);
    let limit = '';
    if (quota > 0) {
      const { allowed, remaining, resetS } = limiter.take(
        clientAt(addressOf(request, trustedProxies)),
        quota,
      );
      if (!allowed) return next(request, response);
      limit = `"anonymous";r=${numberText(remaining)};t=${resetS}`;
    }
    const { 'x-request-id': given } = request.headers;
    const requestId = typeof given === 'string' && isWellFormedId(given) ? given : randomUUID();
    const isSecure = trustedProxies > 0 && request.headers['x-forwarded-proto'] === 'https';
    const chosen = choose(request, answer);
    if (chosen.text && sendWhole && isKept(request, response)) {
      const { before, after } = chosen.text;
      response.statusCode = chosen.status;
      sendWhole(response, before + dateLine(Date.now()) + ownLines(requestId, limit, isSecure) + after);
    } else {
      const own = ownHeaders(requestId, limit, isSecure);
      response.writeHead(chosen.status, own.concat(chosen.head)).end(chosen.body);
    }
    const at = performance.now();
    onAnswer({
      method: 'GET',
      route: answer.route,
      status: chosen.status,
      requestId,
      seconds: (at - start) / 1_000,
      at,
    });
  };
}

/** The headers that differ from request to request, as they are on the wire; `limit` may be empty. The rest is in the answer. */
function ownLines(requestId: string, limit: string, isSecure: boolean): string {
  const limitLine = limit === '' ? '' : `RateLimit: ${limit}\r\n`;
  return `${limitLine}X-Request-Id: ${requestId}\r\n${isSecure ? STRICT_TRANSPORT_LINE : ''}`;
}

/** The same for `writeHead`. */
function ownHeaders(requestId: string, limit: string, isSecure: boolean): string[] {
  const own = limit === '' ? [] : ['RateLimit', limit];
  own.push('X-Request-Id', requestId);
  if (isSecure) own.push('Strict-Transport-Security', STRICT_TRANSPORT);
  return own;
}

function choose({ headers }: IncomingMessage, answer: ReadyAnswer): Representation {
  if (headers['if-none-match'] === answer.etag) return answer.unchanged;
  const isGzip = answer.gzip !== undefined && headers['accept-encoding']?.includes('gzip');
  return isGzip ? answer.gzip : answer.plain;
}

/** Whether the connection stays open after this answer; Node decides that by the request, and says so in the answer. */
const isKept = ({ httpVersion }: IncomingMessage, { shouldKeepAlive }: ServerResponse): boolean =>
  shouldKeepAlive && httpVersion === '1.1';

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

let lastAddress = '';
let lastClient = '';

/** How the limiter knows an address. Those who ask fast ask again, and a text that was looked up before has its hash already. */
function clientAt(address: string): string {
  if (address !== lastAddress) {
    lastAddress = address;
    lastClient = `ip:${address}`;
  }
  return lastClient;
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
