import { Decimal, percent } from './decimal.ts';

/** From `at` on (milliseconds since the epoch), so much was held. */
export interface QuantityChange {
  readonly symbol: string;
  readonly at: number;
  readonly quantity: string;
}

/** What was paid for assets at one moment (milliseconds since the epoch), by symbol. */
export interface PricesAt {
  readonly at: number;
  readonly prices: ReadonlyMap<string, string>;
}

export interface Performance {
  /** `value` is null where something was held that had no price. */
  readonly points: { readonly timestamp: string; readonly value: string | null }[];
  /** From the first known value to the last; it has in it what was bought and sold meanwhile. */
  readonly change: string | null;
  /**
   * The time-weighted return in percent, to four digits: as if what was bought and sold had been so at the end of each step. null when
   * nothing was held at first.
   */
  readonly returnPercent: string | null;
}

/** The worth of what was held, at each moment. `moments` and `changes` are in the order of time. */
export function performanceOf(moments: readonly PricesAt[], changes: readonly QuantityChange[]): Performance {
  const held = new Map<string, string>();
  const points: { timestamp: string; value: string | null }[] = [];
  let next = 0;
  let before: Decimal | undefined;
  let growth: Decimal | undefined;

  for (const { at, prices } of moments) {
    // What was held until now, at today's prices: growth is what prices did, and no purchase.
    const kept = worth(held, prices);
    if (before?.isPositive() && !before.isZero() && kept) {
      growth = (growth ?? new Decimal(1)).times(kept.dividedBy(before)).decimalPlaces(30);
    }
    for (; next < changes.length; next++) {
      const change = changes[next];
      if (!change || change.at > at) break;
      held.set(change.symbol, change.quantity);
    }
    const value = worth(held, prices);
    points.push({ timestamp: new Date(at).toISOString(), value: value?.toFixed() ?? null });
    before = value;
  }

  const known = points.flatMap(({ value }) => (value === null ? [] : [new Decimal(value)]));
  const [first, last] = [known[0], known.at(-1)];
  return {
    points,
    change: first && last ? last.minus(first).toFixed() : null,
    returnPercent: (growth && percent(growth.minus(1), new Decimal(1))) ?? null,
  };
}

/** undefined when something is held that has no price. */
function worth(held: ReadonlyMap<string, string>, prices: ReadonlyMap<string, string>): Decimal | undefined {
  let sum = new Decimal(0);
  for (const [symbol, quantity] of held) {
    if (quantity === '0') continue;
    const price = prices.get(symbol);
    if (price === undefined) return undefined;
    sum = sum.plus(new Decimal(quantity).times(price));
  }
  return sum;
}
