import type { Horizon } from '../predictions/prediction.ts';

/** How a horizon is forecast: in steps of `intervalS` seconds, from at most `most` and at least `fewest` prices. */
export interface Grid {
  readonly intervalS: number;
  readonly steps: number;
  readonly fewest: number;
  readonly most: number;
  /** In words, for people. */
  readonly interval: string;
}

export const grids: Readonly<Record<Horizon, Grid>> = {
  // A day of prices for the next hour, two weeks for the next day.
  '1h': { intervalS: 300, steps: 12, fewest: 48, most: 288, interval: '5 minutes' },
  '24h': { intervalS: 3_600, steps: 24, fewest: 72, most: 336, interval: 'hour' },
};

/** The last price of one interval, which begins at `start`. */
export interface Close {
  readonly start: Date;
  readonly price: number;
}

/** Prices of unbroken intervals, oldest first. */
export interface Series {
  readonly prices: readonly number[];
  /** Intervals without a price, which have that of the interval before. */
  readonly filled: number;
  /** Beginning of the first interval and end of the last one. */
  readonly from: Date;
  readonly to: Date;
}

/** Longer without a price, and what came before says little about what comes next. */
const LONGEST_GAP = 3;

/** The moment at which the newest complete interval ended. */
export function gridEnd(grid: Grid, now: Date): Date {
  const width = grid.intervalS * 1_000;
  return new Date(Math.floor(now.getTime() / width) * width);
}

/**
 * Makes an unbroken series of the closes (oldest first) up to `end`: it begins after the last gap of more than three
 * intervals, and shorter gaps repeat the price before them. One sentence instead where there is too little of it.
 */
export function unbroken(
  closes: readonly Close[],
  grid: Grid,
  end: Date,
): { series: Series } | { shortage: string } {
  const width = grid.intervalS * 1_000;
  const newest = closes.at(-1);
  if (newest && end.getTime() - newest.start.getTime() > (LONGEST_GAP + 1) * width) {
    const at = newest.start.toISOString();
    return { shortage: `the newest price is from the ${grid.interval} after ${at}, too old for a forecast` };
  }
  let begin = 0;
  closes.forEach(({ start }, i) => {
    const before = closes[i - 1];
    if (before && start.getTime() - before.start.getTime() > (LONGEST_GAP + 1) * width) begin = i;
  });
  const used = closes.slice(begin);
  const [oldest] = used;
  if (!oldest || used.length < grid.fewest) {
    return {
      shortage: `there are prices of ${used.length} of the latest intervals (one ${every(grid)}) without a gap, and a forecast needs ${grid.fewest}`,
    };
  }
  const byStart = new Map(used.map(({ start, price }) => [start.getTime(), price]));
  const prices: number[] = [];
  let last = oldest.price;
  for (let start = oldest.start.getTime(); start < end.getTime(); start += width) {
    last = byStart.get(start) ?? last;
    prices.push(last);
  }
  return { series: { prices, filled: prices.length - used.length, from: oldest.start, to: end } };
}

const every = (grid: Grid) => (grid.interval === 'hour' ? 'an hour' : `each ${grid.interval}`);
