import { readPredictorConfig } from '../config.ts';
import { createLogger } from '../telemetry/logger.ts';
import { runUntilSignal } from '../until-signal.ts';
import { startPredictor } from './server.ts';

/** Serves forecasts until SIGTERM or SIGINT and returns the process's exit code. Throws ConfigurationError. */
export async function servePredictor(): Promise<number> {
  const config = readPredictorConfig(process.env);
  const logger = createLogger(config, 'cryptosense-predictor');
  return runUntilSignal(() => startPredictor({ config, logger }), logger);
}
