import type { Router } from '@koa/router';
import { checkParameters } from '../http/parameters.ts';
import { Problem } from '../http/problem.ts';
import { assetOf } from '../prices/asset-of.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { predictionParameters } from './prediction.ts';
import type { PredictionLookup } from './prediction-lookup.ts';
import { REST_MS } from './predictor-client.ts';

/** `/api/predictions/:symbol?horizon=`. Without a predictor (`lookup` undefined) every forecast is a 503. */
export function predictionRoutes(
  router: Router,
  options: { lookup: PredictionLookup | undefined; metrics: Metrics },
): void {
  const { lookup, metrics } = options;

  router.get('/api/predictions/:symbol', async (ctx) => {
    const { symbol } = assetOf(ctx.params.symbol);
    const { horizon } = checkParameters(predictionParameters, { ...ctx.query });
    if (!lookup) {
      const detail = 'There are no forecasts here: no predictor is configured.';
      throw new Problem({ status: 503, kind: 'no-predictor', detail });
    }
    const { prediction, source } = await lookup(symbol, horizon).catch((cause: unknown) => {
      if (cause instanceof Problem) throw cause;
      const detail = 'Forecasts cannot be made at the moment; please try again in a few seconds.';
      const retryAfterS = REST_MS / 1_000;
      throw new Problem({ status: 503, kind: 'unavailable', detail, retryAfterS, cause });
    });
    metrics.predictionLookups.inc({ source });
    ctx.set('Cache-Control', source === 'stale' ? 'no-store' : 'public, max-age=30');
    ctx.body = { ...prediction, stale: source === 'stale' };
  });
}
