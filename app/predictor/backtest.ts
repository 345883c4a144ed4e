import { setImmediate } from 'node:timers/promises';
import { forecast } from './forecast.ts';

/** Errors over all prices that were forecast; `mae` in the prices' unit, `mape` in percent. */
interface Errors {
  readonly mae: number;
  readonly mape: number;
}

export interface Backtest extends Errors {
  /** The same for the forecast that nothing changes. */
  readonly naive: Errors;
  /** The share of actual prices inside the interval, 0 to 1. */
  readonly coverage: number;
  /** How many forecasts were made, and how many prices they were compared with. */
  readonly forecasts: number;
  readonly prices: number;
}

const MOST_FORECASTS = 8;

/**
 * Forecasts from several moments of the newest quarter of `prices`, each time from what came before alone (a rolling
 * origin), and compares with what happened. There must be more than `steps` prices. Lets other work in between.
 */
export async function backtest(prices: readonly number[], steps: number): Promise<Backtest> {
  const method = new Tally();
  const naive = new Tally();
  let inside = 0;
  const from = origins(prices.length, steps);
  for (const origin of from) {
    const known = prices.slice(0, origin);
    const actual = prices.slice(origin, origin + steps);
    const last = known.at(-1) ?? Number.NaN;
    forecast(known, steps).forEach(({ point, lower, upper }, i) => {
      const price = actual[i] ?? Number.NaN;
      method.add(point, price);
      naive.add(last, price);
      if (lower <= price && price <= upper) inside += 1;
    });
    await setImmediate();
  }
  return {
    ...method.errors(),
    naive: naive.errors(),
    coverage: inside / method.count,
    forecasts: from.length,
    prices: method.count,
  };
}

/** Numbers of known prices from which to forecast, evenly spread over the hold-out; each leaves `steps` to compare. */
export function origins(length: number, steps: number): number[] {
  const last = length - steps;
  const first = Math.min(last, length - Math.floor(length / 4));
  const count = Math.min(MOST_FORECASTS, last - first + 1);
  return Array.from({ length: count }, (_, i) =>
    count === 1 ? last : Math.round(first + (i * (last - first)) / (count - 1)),
  );
}

class Tally {
  count = 0;
  #absolute = 0;
  #relative = 0;

  add(expected: number, actual: number): void {
    this.count += 1;
    this.#absolute += Math.abs(expected - actual);
    this.#relative += Math.abs(expected - actual) / actual;
  }

  errors(): Errors {
    return { mae: this.#absolute / this.count, mape: (100 * this.#relative) / this.count };
  }
}
