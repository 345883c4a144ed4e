import type { Middleware } from 'koa';
import { readServerConfig } from './config.ts';
import { startServer } from './server.ts';
import { createLogger } from './telemetry/logger.ts';
import { runUntilSignal } from './until-signal.ts';

/** Serves until SIGTERM or SIGINT and returns the process's exit code. Throws ConfigurationError. */
export async function serve(extraMiddleware: readonly Middleware[] = []): Promise<number> {
  const config = readServerConfig(process.env);
  const logger = createLogger(config);
  if (config.environment === 'production' && config.feed.kind === 'simulator') {
    logger.warn('the prices are simulated: FEED is simulator');
  }
  return runUntilSignal(() => startServer({ config, extraMiddleware, logger }), logger);
}
