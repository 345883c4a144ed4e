import type { Router } from '@koa/router';
import type { Counter, Histogram } from 'prom-client';
import { checkParameters } from '../http/parameters.ts';
import { Problem } from '../http/problem.ts';
import { type Horizon, type Prediction, predictionParameters } from '../predictions/prediction.ts';
import { assetOf, symbolParameters } from '../prices/asset-of.ts';
import { singleFlight } from '../single-flight.ts';
import { traced } from '../telemetry/trace.ts';
import type { CloseStore } from './close-store.ts';
import { predict } from './predict.ts';

export interface PredictorMetrics {
  readonly forecasts: Counter<'horizon' | 'outcome'>;
  readonly seconds: Histogram<'horizon'>;
}

type Outcome = { prediction: Prediction } | { shortage: string };

/** A forecast changes when an interval ends; this long it is not computed again for the next who asks. */
const FRESH_MS = 30_000;

/** `/predict/:symbol?horizon=`: a forecast, 422 where history is too short, 404 for an unknown symbol. */
export function predictRoutes(
  router: Router,
  options: { closes: CloseStore; metrics: PredictorMetrics },
): void {
  const { closes, metrics } = options;
  const flight = singleFlight<Outcome>();
  const known = new Map<string, { at: number; outcome: Outcome }>();

  const compute = async (symbol: string, horizon: Horizon): Promise<Outcome> => {
    const done = metrics.seconds.startTimer({ horizon });
    const outcome = await traced('forecast', 'internal', { 'forecast.horizon': horizon }, () =>
      predict(closes, symbol, horizon, new Date()),
    );
    done();
    metrics.forecasts.inc({ horizon, outcome: 'shortage' in outcome ? 'too-little-history' : 'forecast' });
    return outcome;
  };

  const look = async (symbol: string, horizon: Horizon): Promise<Outcome> => {
    const key = `${symbol} ${horizon}`;
    const before = known.get(key);
    if (before && performance.now() - before.at < FRESH_MS) return before.outcome;
    const outcome = await compute(symbol, horizon);
    known.set(key, { at: performance.now(), outcome });
    return outcome;
  };

  router.get('/predict/:symbol', async (ctx) => {
    const { symbol } = assetOf(checkParameters(symbolParameters, { ...ctx.params }).symbol);
    const { horizon } = checkParameters(predictionParameters, { ...ctx.query });
    const outcome = await flight(`${symbol} ${horizon}`, () =>
      look(symbol, horizon).catch((cause: unknown) => {
        metrics.forecasts.inc({ horizon, outcome: 'failed' });
        const detail = 'No forecast can be made at the moment; please try again in a few seconds.';
        throw new Problem({ status: 503, kind: 'unavailable', detail, retryAfterS: 2, cause });
      }),
    );
    if ('shortage' in outcome) {
      throw new Problem({ status: 422, kind: 'too-little-history', detail: outcome.shortage });
    }
    ctx.set('Cache-Control', 'no-store');
    ctx.body = outcome.prediction;
  });
}
