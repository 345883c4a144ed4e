import { z } from 'zod';

export const horizons = ['1h', '24h'] as const;
export type Horizon = (typeof horizons)[number];

export const predictionParameters = z.strictObject({
  horizon: z.enum(horizons, { error: `must be one of ${horizons.join(', ')}` }).default('1h'),
});

const error = z.object({
  /** Mean absolute error in US dollars. */
  mae: z.string(),
  /** Mean absolute error in percent of the price. */
  mape: z.number(),
});

/**
 * A forecast as the predictor answers it and the API hands it on. Amounts are decimal strings in US dollars; times are
 * the ends of intervals, in UTC.
 */
export const predictionSchema = z.object({
  symbol: z.string(),
  horizon: z.enum(horizons),
  generatedAt: z.string(),
  method: z.string(),
  basedOn: z.object({
    from: z.string(),
    to: z.string(),
    intervalSeconds: z.number(),
    /** Prices used, one an interval; `filled` of them repeat the one before, because that interval had none. */
    prices: z.number(),
    filled: z.number(),
  }),
  /** The share of actual prices that should lie between `lower` and `upper`. */
  level: z.number(),
  forecast: z
    .array(z.object({ timestamp: z.iso.datetime(), price: z.string(), lower: z.string(), upper: z.string() }))
    .min(1)
    .max(100),
  /** The method and the naive forecast (the last price, unchanged) on recent history that neither had seen. */
  backtest: error.extend({
    naive: error,
    betterThanNaive: z.boolean(),
    /** The share of actual prices that did lie between `lower` and `upper`. */
    coverage: z.number(),
    forecasts: z.number(),
    prices: z.number(),
  }),
  notice: z.string(),
});
/** A forecast as the API answers it. */
export const predictionAnswer = predictionSchema
  .extend({ stale: z.boolean().describe('The predictor does not answer, and this is an older forecast') })
  .meta({ id: 'Prediction' });
export type Prediction = z.output<typeof predictionSchema>;
