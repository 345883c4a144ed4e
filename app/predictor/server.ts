import { Router } from '@koa/router';
import { Counter, Histogram } from 'prom-client';
import type { PredictorConfig } from '../config.ts';
import { databaseProbe } from '../health/probes.ts';
import { probeRoutes } from '../health/routes.ts';
import { Drain } from '../http/drain.ts';
import { startHttpServer } from '../http/http-server.ts';
import { routePatternOf } from '../http/route-pattern.ts';
import { openDatabase } from '../storage/database.ts';
import type { Logger } from '../telemetry/logger.ts';
import { createHttpMetrics } from '../telemetry/metrics.ts';
import { metricsRoute } from '../telemetry/metrics-route.ts';
import { openTracing } from '../telemetry/open-tracing.ts';
import { createCloseStore } from './close-store.ts';
import { loadEts } from './ets.ts';
import { predictRoutes } from './routes.ts';

const STORAGE_GRACE_MS = 2_000;

export interface RunningPredictor {
  readonly port: number;
  /** Drains and closes every connection. Resolves with false when requests had to be cut. */
  stop(): Promise<boolean>;
}

/** Starts the predictor and resolves when it listens. The database need not be there. */
export async function startPredictor(options: {
  config: PredictorConfig;
  logger: Logger;
}): Promise<RunningPredictor> {
  const { config, logger } = options;
  // An image without its WebAssembly must fail here and not with the first request.
  loadEts();
  const tracing = await openTracing('cryptosense-predictor', config);
  const database = openDatabase({ ...config.database, applicationName: 'cryptosense-predictor' });
  const router = new Router();
  const metrics = createHttpMetrics('predictor', config.version, routePatternOf(router));
  const registers = [metrics.registry];
  const drain = new Drain();
  probeRoutes(router, { database: databaseProbe(database), drain });
  metricsRoute(router, metrics);
  predictRoutes(router, {
    closes: createCloseStore(database),
    metrics: {
      forecasts: new Counter({
        name: 'cryptosense_forecasts_total',
        help: 'Forecasts computed, by horizon and outcome: forecast, too-little-history or failed.',
        labelNames: ['horizon', 'outcome'],
        registers,
      }),
      seconds: new Histogram({
        name: 'cryptosense_forecast_duration_seconds',
        help: 'Seconds for a forecast with its back-test, the query included, by horizon.',
        labelNames: ['horizon'],
        buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 0.8, 1.5, 3],
        registers,
      }),
    },
  });

  try {
    const server = await startHttpServer({ config, logger, router, metrics, drain });
    const { port } = server;
    logger.info('listening', { port });
    return {
      port,
      stop: async () => {
        logger.info('draining', { drainMs: config.drainMs });
        const complete = await server.close();
        await database.end(STORAGE_GRACE_MS);
        await tracing?.end();
        logger.info('stopped', { complete });
        return complete;
      },
    };
  } catch (error) {
    await database.end(STORAGE_GRACE_MS);
    throw error;
  }
}
