import type { Middleware } from 'koa';
import { readServerConfig } from './config.ts';
import { startServer } from './server.ts';
import { createLogger } from './telemetry/logger.ts';
import { runUntilSignal } from './until-signal.ts';

/** Serves until SIGTERM or SIGINT and returns the process's exit code. Throws ConfigurationError. */
export async function serve(extraMiddleware: readonly Middleware[] = []): Promise<number> {
  const config = readServerConfig(process.env);
  const logger = createLogger(config);
  const { kind } = config.feed;
  if (config.environment === 'production' && kind !== 'coingecko')
    logger.warn(`the prices are not those of the market: FEED is ${kind}`);
  return runUntilSignal(() => startServer({ config, extraMiddleware, logger }), logger);
}
