import type { Horizon, Prediction } from '../predictions/prediction.ts';
import { amount } from './amount.ts';
import { backtest } from './backtest.ts';
import type { CloseStore } from './close-store.ts';
import { forecast, LEVEL, METHOD } from './forecast.ts';
import { gridEnd, grids, unbroken } from './series.ts';

/** A forecast, or one sentence why there is too little history for one. Throws when the history cannot be read. */
export async function predict(
  closes: CloseStore,
  symbol: string,
  horizon: Horizon,
  now: Date,
): Promise<{ prediction: Prediction } | { shortage: string }> {
  const grid = grids[horizon];
  const end = gridEnd(grid, now);
  const found = unbroken(await closes(symbol, grid, end), grid, end);
  if ('shortage' in found) return { shortage: `There is no forecast of ${symbol}: ${found.shortage}.` };
  const { prices, filled, from, to } = found.series;
  const tested = await backtest(prices, grid.steps);
  const betterThanNaive = tested.mae < tested.naive.mae;
  const errors = ({ mae, mape }: { mae: number; mape: number }) => ({
    mae: amount(mae),
    mape: rounded(mape),
  });
  const prediction: Prediction = {
    symbol,
    horizon,
    generatedAt: now.toISOString(),
    method: METHOD,
    basedOn: {
      from: from.toISOString(),
      to: to.toISOString(),
      intervalSeconds: grid.intervalS,
      prices: prices.length,
      filled,
    },
    level: LEVEL,
    forecast: forecast(prices, grid.steps).map(({ point, lower, upper }, i) => ({
      timestamp: new Date(to.getTime() + (i + 1) * grid.intervalS * 1_000).toISOString(),
      price: amount(point),
      lower: amount(lower),
      upper: amount(upper),
    })),
    backtest: {
      ...errors(tested),
      naive: errors(tested.naive),
      betterThanNaive,
      coverage: rounded(tested.coverage),
      forecasts: tested.forecasts,
      prices: tested.prices,
    },
    notice: betterThanNaive
      ? 'This is a statistical forecast and no advice; lately it was nearer to the prices than the last price, unchanged.'
      : 'This is a statistical forecast and no advice; lately it was no better than the last price, unchanged.',
  };
  return { prediction };
}

const rounded = (value: number) => Math.round(value * 10_000) / 10_000;
