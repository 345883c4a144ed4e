import type { RequestListener } from 'node:http';
import { Router } from '@koa/router';
import type { Middleware } from 'koa';
import { createAccountServices } from './account-services.ts';
import type { ServerConfig } from './config.ts';
import { feedOf } from './feed/choose.ts';
import { createLeadership } from './feed/leader.ts';
import { startPoller } from './feed/poller.ts';
import { createProbes } from './health/probes.ts';
import { healthRoutes } from './health/routes.ts';
import { mountEndpoints } from './http/api.ts';
import { documentationRoutes } from './http/documentation.ts';
import { Drain } from './http/drain.ts';
import { hotPath } from './http/hot/hot-path.ts';
import { createReadyAnswers } from './http/hot/ready-answers.ts';
import { wholeSender } from './http/hot/send-whole.ts';
import { type HttpServer, startHttpServer } from './http/http-server.ts';
import { createIdempotency } from './http/idempotency.ts';
import { createLimiter } from './http/limits/limiter.ts';
import { routePatternOf } from './http/route-pattern.ts';
import { predictionEndpoints } from './predictions/endpoints.ts';
import { createPredictionLookup } from './predictions/prediction-lookup.ts';
import { createPredictorClient } from './predictions/predictor-client.ts';
import { priceEndpoints } from './prices/endpoints.ts';
import { createPriceLookup } from './prices/price-lookup.ts';
import { createPriceStore } from './prices/price-store.ts';
import { createBroadcast } from './prices/stream/broadcast.ts';
import { streamEndpoint } from './prices/stream/endpoint.ts';
import { createHub } from './prices/stream/hub.ts';
import { openCache } from './storage/cache.ts';
import { openDatabase } from './storage/database.ts';
import { createLogger, type Logger } from './telemetry/logger.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { metricsRoute } from './telemetry/metrics-route.ts';
import { openTracing } from './telemetry/open-tracing.ts';
import { requestLog } from './telemetry/request-log.ts';
import { isTracing } from './telemetry/trace.ts';
import { webRoutes } from './web/routes.ts';

export interface RunningServer {
  /** The port that is listened on; of use when the configuration said 0. */
  readonly port: number;
  /**
   * Drains, finishes the requests under way, and closes every connection. Resolves with false when requests had to
   * be cut. A second call waits for the first.
   */
  stop(): Promise<boolean>;
}

const STORAGE_GRACE_MS = 2_000;

/**
 * Starts the API and resolves when it listens. Neither the database nor Redis nor the predictor need be there.
 * `extraMiddleware` is that of `startHttpServer`.
 */
export async function startServer(options: {
  config: ServerConfig;
  extraMiddleware?: readonly Middleware[];
  logger?: Logger;
}): Promise<RunningServer> {
  const { config } = options;
  const logger = options.logger ?? createLogger(config);
  const tracing = await openTracing('cryptosense-api', config);
  // First, because it throws when the page is missing, and nothing that would have to be closed is open yet.
  const router = new Router();
  webRoutes(router);
  const metrics = createMetrics(config.version, routePatternOf(router));
  const database = openDatabase({
    ...config.database,
    applicationName: 'cryptosense-api',
    onAttempt: (result) => metrics.databaseAttempts.inc({ result }),
  });
  const cache = openCache({
    url: config.redis.url,
    onChange: (state, reason) =>
      state === 'lost' ? logger.warn('redis is away', { reason }) : logger.info('redis is connected'),
  });
  const store = createPriceStore(database);
  const hub = createHub({
    ...config.stream,
    onPublish: () => ready.clear(),
    onEnd: (reason) => metrics.streamEnds.inc({ reason }),
  });
  const ready = createReadyAnswers(config.rateLimits.anonymous);
  metrics.watchStreams(() => hub.size);
  const broadcast = createBroadcast(config.redis.url, cache, hub);
  const poller = startPoller({
    feed: feedOf(config.feed),
    store,
    publish: broadcast.publish,
    // Three polls may be late before another replica takes over.
    leadership: createLeadership(cache, 'feed:leader', Math.max(3 * config.feed.intervalMs, 5_000)),
    metrics,
    logger,
    intervalMs: config.feed.intervalMs,
  });
  const predictor =
    config.predictorUrl === undefined
      ? undefined
      : createPredictorClient({
          url: config.predictorUrl,
          onCircuit: (open) => {
            metrics.predictorCircuitOpen.set(open ? 1 : 0);
            if (open) logger.warn('the predictor is left alone for a while: it failed again and again');
            else logger.info('the predictor answers again');
          },
        });

  const drain = new Drain();
  const probes = createProbes({ database, cache, feed: poller.status, predictor });
  healthRoutes(router, { probes, drain });
  metricsRoute(router, metrics);
  const limiter = createLimiter(cache);
  const prices = createPriceLookup(store, cache);
  const accounts = createAccountServices({ config, database, cache, limiter, prices, metrics, logger });
  const endpoints = [
    // Before the prices: "stream" could be taken for a symbol.
    streamEndpoint({ hub, store }),
    ...priceEndpoints({
      store,
      lookup: prices,
      metrics,
      apiBaseUrl: config.apiBaseUrl,
    }),
    ...predictionEndpoints({
      lookup: predictor && createPredictionLookup(predictor, cache, Date.now),
      metrics,
    }),
    ...accounts.endpoints,
  ];
  documentationRoutes(router, endpoints, config.version);
  mountEndpoints(router, endpoints, {
    authenticate: accounts.authenticate,
    limiter,
    ready,
    limits: config.rateLimits,
    idempotency: createIdempotency(database),
    checkAnswers: config.environment === 'development',
  });

  const closeStorage = () => {
    limiter.stop();
    return Promise.all([database.end(STORAGE_GRACE_MS), broadcast.end(), cache.end()]);
  };
  let server: HttpServer;
  try {
    const extraMiddleware = options.extraMiddleware ?? [];
    const log = requestLog({ logger, successShare: config.logSuccessShare });
    const before = (next: RequestListener) =>
      hotPath({
        ready,
        limiter,
        quota: config.rateLimits.anonymous,
        sendWhole: wholeSender(),
        trustedProxies: config.trustedProxies,
        // Who brings a trace along wants to see this server in it.
        isSpecial: ({ headers }) => drain.begun || (isTracing() && headers.traceparent !== undefined),
        onAnswer: (answered) => {
          metrics.count(answered);
          log(answered, '');
        },
        next,
      });
    server = await startHttpServer({
      config,
      logger,
      router,
      metrics,
      drain,
      extraMiddleware,
      // What another release brings in has to see every request.
      ...(extraMiddleware.length === 0 ? { before } : {}),
      beforeClosing: () => hub.end(),
    });
  } catch (error) {
    await poller.stop();
    await closeStorage();
    throw error;
  }
  const alerts = accounts.startAlerts();
  const { port } = server;
  logger.info('listening', { port, feed: config.feed.kind });

  const stop = async () => {
    logger.info('draining', { drainMs: config.drainMs });
    const backgroundStopped = Promise.all([poller.stop(), alerts.stop()]);
    const complete = await server.close();
    await backgroundStopped;
    await closeStorage();
    await tracing?.end();
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
