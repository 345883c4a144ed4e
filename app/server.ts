import { once } from 'node:events';
import { createServer } from 'node:http';
import { Router } from '@koa/router';
import Koa, { type Middleware } from 'koa';
import type { ServerConfig } from './config.ts';
import { createCoinGeckoFeed } from './feed/coingecko.ts';
import { createLeadership } from './feed/leader.ts';
import { startPoller } from './feed/poller.ts';
import { createSimulator } from './feed/simulator.ts';
import { createProbes } from './health/probes.ts';
import { healthRoutes } from './health/routes.ts';
import { Drain } from './http/drain.ts';
import { problems } from './http/problem.ts';
import { routePatternOf } from './http/route-pattern.ts';
import { securityHeaders } from './http/security-headers.ts';
import { assets } from './prices/assets.ts';
import { createPriceLookup } from './prices/price-lookup.ts';
import { createPriceStore } from './prices/price-store.ts';
import { priceRoutes } from './prices/routes.ts';
import { openCache } from './storage/cache.ts';
import { openDatabase } from './storage/database.ts';
import { createLogger, errorFields, type Logger } from './telemetry/logger.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { metricsRoute } from './telemetry/metrics-route.ts';
import { requestLog } from './telemetry/request-log.ts';

export interface RunningServer {
  /** The port that is listened on; of use when the configuration said 0. */
  readonly port: number;
  /**
   * Drains, finishes the requests under way, and closes every connection. Resolves with false when requests had to
   * be cut. A second call waits for the first.
   */
  stop(): Promise<boolean>;
}

// The end of a keep-alive connection is the proxy's to decide: if this side closed first, a request that is already on
// its way would meet a closed door. Traefik keeps idle connections for 90 s, nginx for 60 s.
const KEEP_ALIVE_MS = 95_000;
const IN_FLIGHT_GRACE_MS = 10_000;
const STORAGE_GRACE_MS = 2_000;

/**
 * Starts the API and resolves when it listens. Neither the database nor Redis need be there. `extraMiddleware` runs inside
 * metrics, logs and error handling and before the routes: what it answers is counted like any other answer.
 */
export async function startServer(options: {
  config: ServerConfig;
  extraMiddleware?: readonly Middleware[];
  logger?: Logger;
}): Promise<RunningServer> {
  const { config } = options;
  const logger = options.logger ?? createLogger(config);
  const database = openDatabase({ ...config.database, applicationName: 'cryptosense-api' });
  const cache = openCache({
    url: config.redis.url,
    onChange: (state, reason) =>
      state === 'lost' ? logger.warn('redis is away', { reason }) : logger.info('redis is connected'),
  });
  const store = createPriceStore(database);
  const router = new Router();
  const routeOf = routePatternOf(router);
  const metrics = createMetrics(config.version, routeOf);
  const poller = startPoller({
    feed:
      config.feed.kind === 'simulator'
        ? createSimulator(config.feed.seed)
        : createCoinGeckoFeed({ url: config.feed.coingeckoUrl, assets }),
    store,
    // Three polls may be late before another replica takes over.
    leadership: createLeadership(cache, Math.max(3 * config.feed.intervalMs, 5_000)),
    metrics,
    logger,
    intervalMs: config.feed.intervalMs,
  });

  const drain = new Drain();
  healthRoutes(router, { probes: createProbes({ database, cache, feed: poller.status }), drain });
  metricsRoute(router, metrics);
  priceRoutes(router, {
    store,
    lookup: createPriceLookup(store, cache),
    metrics,
    apiBaseUrl: config.apiBaseUrl,
  });

  const app = new Koa({ proxy: true });
  // Errors of requests are answered and logged below; what is left are connections that a client broke off.
  app.on('error', (error) => logger.debug('connection error', errorFields(error)));
  app.use(metrics.middleware);
  app.use(requestLog({ logger, successShare: config.logSuccessShare, routeOf }));
  app.use(drain.middleware);
  app.use(securityHeaders);
  app.use(problems(logger));
  for (const middleware of options.extraMiddleware ?? []) app.use(middleware);
  app.use(router.routes());
  app.use(router.allowedMethods());

  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: 10_000 }, app.callback());
  const closeStorage = () => Promise.all([database.end(STORAGE_GRACE_MS), cache.end()]);
  try {
    server.listen(config.port);
    await once(server, 'listening');
  } catch (error) {
    await poller.stop();
    await closeStorage();
    throw error;
  }
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.port;
  logger.info('listening', { port, feed: config.feed.kind });

  const stop = async () => {
    logger.info('draining', { drainMs: config.drainMs });
    const feedStopped = poller.stop();
    const complete = await drain.run(server, config.drainMs, IN_FLIGHT_GRACE_MS);
    await feedStopped;
    await closeStorage();
    logger.info('stopped', { complete });
    return complete;
  };
  let stopping: Promise<boolean> | undefined;
  return {
    port,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}
