import { Decimal, percent } from './decimal.ts';
import type { Holding } from './portfolio.ts';

/** The price of an asset now. */
export interface CurrentPrice {
  readonly price: string;
  readonly timestamp: string;
}

export interface ValuedHolding extends Holding {
  /** null while no price is known. */
  readonly price: string | null;
  readonly value: string | null;
  /** Of today's value over what was paid; null without one of the two. */
  readonly gain: string | null;
}

/** What holdings are worth in US dollars. Exact: round when you show it. */
export interface Valuation {
  /** Of those holdings that have a price. */
  readonly value: string;
  /** What those cost that say so and have a price, what they gained, and that in percent (four digits). */
  readonly cost: string;
  readonly gain: string;
  readonly gainPercent: string | null;
  /** False when a holding has no price and `value` is not all of it. */
  readonly complete: boolean;
  /** Of the oldest price that went into it; null when there is none. */
  readonly asOf: string | null;
}

/** Values holdings at the prices given. */
export function valuationOf(
  holdings: readonly Holding[],
  prices: ReadonlyMap<string, CurrentPrice>,
): { holdings: ValuedHolding[]; valuation: Valuation } {
  const valued = holdings.map((holding) => valueHolding(holding, prices.get(holding.symbol)));
  const sum = (amounts: readonly (string | null)[]) =>
    amounts.reduce((total, amount) => (amount === null ? total : total.plus(amount)), new Decimal(0));
  const value = sum(valued.map((holding) => holding.value));
  const gain = sum(valued.map((holding) => holding.gain));
  const cost = sum(
    valued.map(({ gain: own, quantity, unitCost }) =>
      own === null || unitCost === null ? null : new Decimal(quantity).times(unitCost).toFixed(),
    ),
  );
  const times = holdings.flatMap(({ symbol }) => prices.get(symbol)?.timestamp ?? []).sort();
  return {
    holdings: valued,
    valuation: {
      value: value.toFixed(),
      cost: cost.toFixed(),
      gain: gain.toFixed(),
      gainPercent: percent(gain, cost) ?? null,
      complete: valued.every((holding) => holding.value !== null),
      asOf: times[0] ?? null,
    },
  };
}

function valueHolding(holding: Holding, current: CurrentPrice | undefined): ValuedHolding {
  if (!current) return { ...holding, price: null, value: null, gain: null };
  const value = new Decimal(holding.quantity).times(current.price);
  const cost = holding.unitCost === null ? undefined : new Decimal(holding.quantity).times(holding.unitCost);
  return {
    ...holding,
    price: current.price,
    value: value.toFixed(),
    gain: cost ? value.minus(cost).toFixed() : null,
  };
}
