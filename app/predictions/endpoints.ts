import { type Endpoint, endpoint, reply } from '../http/endpoint.ts';
import { Problem } from '../http/problem.ts';
import { assetOf, symbolParameters } from '../prices/asset-of.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { predictionAnswer, predictionParameters } from './prediction.ts';
import type { PredictionLookup } from './prediction-lookup.ts';
import { REST_MS } from './predictor-client.ts';

/** `/predictions/:symbol?horizon=`. Without a predictor (`lookup` undefined) every forecast is a 503. */
export function predictionEndpoints(options: {
  lookup: PredictionLookup | undefined;
  metrics: Metrics;
}): Endpoint[] {
  const { lookup, metrics } = options;

  const predict = endpoint({
    method: 'get',
    path: '/predictions/:symbol',
    operationId: 'getPrediction',
    summary: 'A forecast of the price of an asset, with its back-test',
    tag: 'Predictions',
    access: 'public',
    cacheControl: 'public, max-age=30',
    params: symbolParameters,
    query: predictionParameters,
    answers: { 200: { description: 'The forecast', schema: predictionAnswer } },
    problems: [404, 422, 503],
    handle: async ({ params, query }) => {
      const { symbol } = assetOf(params.symbol);
      if (!lookup) {
        const detail = 'There are no forecasts here: no predictor is configured.';
        throw new Problem({ status: 503, kind: 'no-predictor', detail });
      }
      const { prediction, source } = await lookup(symbol, query.horizon).catch((cause: unknown) => {
        if (cause instanceof Problem) throw cause;
        const detail = 'Forecasts cannot be made at the moment; please try again in a few seconds.';
        const retryAfterS = REST_MS / 1_000;
        throw new Problem({ status: 503, kind: 'unavailable', detail, retryAfterS, cause });
      });
      metrics.predictionLookups.inc({ source });
      const stale = source === 'stale';
      return reply(200, { ...prediction, stale }, stale ? { 'Cache-Control': 'no-store' } : {});
    },
  });
  return [predict];
}
