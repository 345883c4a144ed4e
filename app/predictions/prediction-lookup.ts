import { z } from 'zod';
import { Problem } from '../http/problem.ts';
import { singleFlight } from '../single-flight.ts';
import type { Cache } from '../storage/cache.ts';
import { type Horizon, type Prediction, predictionSchema } from './prediction.ts';
import type { PredictorClient } from './predictor-client.ts';

/** Where an answer came from. `stale` means that the predictor failed and this is an older forecast. */
export type PredictionSource = 'cache' | 'predictor' | 'stale';

export interface FoundPrediction {
  readonly prediction: Prediction;
  readonly source: PredictionSource;
}

/** Throws a Problem that the predictor gave, and any other error when nobody can say. */
export type PredictionLookup = (symbol: string, horizon: Horizon) => Promise<FoundPrediction>;

const FRESH_MS = 60_000;
const keptSchema = z.object({ keptAt: z.number(), prediction: predictionSchema });

/**
 * Redis first (`prediction:{symbol}:{horizon}`, fresh for 60 s), then the predictor, asked once however many wait. When
 * the predictor fails, an older forecast is served as long as its last moment lies ahead. `now` is in milliseconds
 * since the epoch; `symbol` must come from a closed set.
 */
export function createPredictionLookup(
  predictor: PredictorClient,
  cache: Cache,
  now: () => number,
): PredictionLookup {
  const flight = singleFlight<FoundPrediction>();

  const look = async (symbol: string, horizon: Horizon): Promise<FoundPrediction> => {
    const key = `prediction:${symbol}:${horizon}`;
    const kept = await cache.get(key).then(parse, () => undefined);
    if (kept && now() - kept.keptAt < FRESH_MS) return { prediction: kept.prediction, source: 'cache' };
    try {
      const prediction = await predictor.predict(symbol, horizon);
      // Nobody waits for this: an answer is not slower because the cache is.
      cache
        .set(key, JSON.stringify({ keptAt: now(), prediction }), Math.max(aheadMs(prediction, now()), 1))
        .catch(() => {});
      return { prediction, source: 'predictor' };
    } catch (error) {
      if (error instanceof Problem || !kept || aheadMs(kept.prediction, now()) <= 0) throw error;
      return { prediction: kept.prediction, source: 'stale' };
    }
  };
  return (symbol, horizon) => flight(`${symbol} ${horizon}`, () => look(symbol, horizon));
}

/** How far the forecast's last moment lies ahead. */
function aheadMs({ forecast }: Prediction, now: number): number {
  return Date.parse(forecast.at(-1)?.timestamp ?? '') - now;
}

/** Another version of the application may have written something else; that counts as not cached. */
function parse(text: string | null): z.output<typeof keptSchema> | undefined {
  if (text === null) return undefined;
  try {
    return keptSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
