import type { Middleware } from 'koa';
import { readServerConfig } from './config.ts';
import { startServer } from './server.ts';
import { createLogger, errorFields } from './telemetry/logger.ts';

/**
 * Serves until SIGTERM or SIGINT and returns the process's exit code. A second signal ends the process at once.
 * Throws ConfigurationError.
 */
export async function serve(extraMiddleware: readonly Middleware[] = []): Promise<number> {
  const config = readServerConfig(process.env);
  const logger = createLogger(config);
  if (config.environment === 'production' && config.feed.kind === 'simulator') {
    logger.warn('the prices are simulated: FEED is simulator');
  }
  const signalled = new Promise<NodeJS.Signals>((resolve) => {
    const onSignal = (signal: NodeJS.Signals) => {
      resolve(signal);
      for (const again of ['SIGTERM', 'SIGINT'] as const) {
        process.removeListener(again, onSignal);
        process.once(again, () => process.exit(1));
      }
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
  try {
    const server = await startServer({ config, extraMiddleware, logger });
    const signal = await signalled;
    logger.info('asked to stop', { signal });
    return (await server.stop()) ? 0 : 1;
  } catch (error) {
    logger.error('the server cannot go on', errorFields(error));
    return 1;
  }
}
