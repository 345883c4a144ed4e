import { errorFields, type Logger } from './telemetry/logger.ts';

/**
 * Runs a server until SIGTERM or SIGINT and returns the process's exit code: 0, or 1 when it could not go on or had to
 * cut requests. A second signal ends the process at once.
 */
export async function runUntilSignal(
  start: () => Promise<{ stop(): Promise<boolean> }>,
  logger: Logger,
): Promise<number> {
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
    const server = await start();
    const signal = await signalled;
    logger.info('asked to stop', { signal });
    return (await server.stop()) ? 0 : 1;
  } catch (error) {
    logger.error('the server cannot go on', errorFields(error));
    return 1;
  }
}
