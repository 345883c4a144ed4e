import { ets, type Step } from './ets.ts';

/** The share of actual prices that should lie within the interval. */
export const LEVEL = 0.95;

export const METHOD = 'ETS(A,Z,N) of log prices, trend chosen by AICc';

/**
 * Forecasts prices (positive, equally far apart in time, oldest first). The model sees their logarithms: prices move
 * by percentages, and no interval reaches below zero. The point is the median. Throws when no model fits.
 */
export function forecast(prices: readonly number[], steps: number): Step[] {
  // Around zero, so that the optimiser's tolerances mean the same for a price of 10^-8 and of 10^5.
  const [first = 1] = prices;
  const logs = prices.map((price) => Math.log(price / first));
  const back = (log: number) => first * Math.exp(log);
  const found = ets(logs, steps, LEVEL).map(({ point, lower, upper }) => ({
    point: back(point),
    lower: back(lower),
    upper: back(upper),
  }));
  if (!found.every(({ point, lower, upper }) => lower <= point && point <= upper && Number.isFinite(upper))) {
    throw new Error('the model of these prices gives no finite forecast');
  }
  return found;
}
