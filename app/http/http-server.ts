import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { Router } from '@koa/router';
import Koa, { type Middleware } from 'koa';
import type { HttpConfig } from '../config.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import { identifiedAndLogged, requestLog } from '../telemetry/request-log.ts';
import { traceRequests } from '../telemetry/trace-request.ts';
import { cors } from './cors.ts';
import type { Drain } from './drain.ts';
import { KEEP_ALIVE_MS } from './keep-alive.ts';
import { problems } from './problem.ts';
import { refuse } from './refusal.ts';
import { routePatternOf } from './route-pattern.ts';
import { securityHeaders } from './security-headers.ts';

const IN_FLIGHT_GRACE_MS = 10_000;
// A client that sends a byte now and then must not hold a connection for ever.
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const LARGEST_HEADER_BYTES = 16 * 1024;

export interface HttpServer {
  /** The port that is listened on; of use when the configuration said 0. */
  readonly port: number;
  /** Drains and finishes the requests under way. Resolves with false when some had to be cut. */
  close(): Promise<boolean>;
}

/**
 * Serves the routes of `router` with all that the application's servers have in common: metrics, request log, security
 * headers, problem+json, draining. Resolves when it listens. `extraMiddleware` runs inside metrics, logs and error
 * handling and before the routes: what it answers is counted like any other answer.
 */
export async function startHttpServer(options: {
  config: HttpConfig;
  logger: Logger;
  router: Router;
  metrics: { middleware: Middleware };
  drain: Drain;
  extraMiddleware?: readonly Middleware[];
  /** What a request meets before the framework; it passes on what it does not answer. */
  before?: (next: RequestListener) => RequestListener;
  /** Called when the time of draining is over: ends the answers that would never end by themselves. */
  beforeClosing?: () => void;
}): Promise<HttpServer> {
  const { config, logger, router, metrics, drain } = options;
  const app = new Koa({ proxy: config.trustedProxies > 0, maxIpsCount: config.trustedProxies });
  // Errors of requests are answered and logged below; what is left are connections that a client broke off.
  app.on('error', (error) => logger.debug('connection error', errorFields(error)));
  app.use(traceRequests(routePatternOf(router)));
  app.use(metrics.middleware);
  app.use(
    identifiedAndLogged(requestLog({ logger, successShare: config.logSuccessShare }), routePatternOf(router)),
  );
  app.use(drain.middleware);
  app.use(securityHeaders);
  app.use(cors);
  app.use(problems(logger));
  for (const middleware of options.extraMiddleware ?? []) app.use(middleware);
  app.use(router.routes());
  app.use(router.allowedMethods());

  const server = createServer(
    {
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      maxHeaderSize: LARGEST_HEADER_BYTES,
      // A GET has no body to wait for: no stream is made, read and ended for it.
      optimizeEmptyRequests: true,
    },
    options.before?.(app.callback()) ?? app.callback(),
  );
  server.on('clientError', refuse);
  server.listen(config.port);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : config.port,
    close: () => drain.run(server, config.drainMs, IN_FLIGHT_GRACE_MS, options.beforeClosing),
  };
}
