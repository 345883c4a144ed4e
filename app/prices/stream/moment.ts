import { z } from 'zod';
import type { Quote } from '../../feed/feed.ts';
import { type Price, priceSchema } from '../price-store.ts';

/** All prices of one moment, as one event of the stream. */
export interface Moment {
  /** Milliseconds since the epoch; the id of the event. */
  readonly id: number;
  readonly prices: readonly Price[];
}

const momentSchema = z.object({ id: z.int().positive(), prices: z.array(priceSchema).max(1_000) });

/** The quotes of one poll; undefined when there are none. */
export function momentOf(quotes: readonly Quote[]): Moment | undefined {
  const [first] = quotes;
  if (!first) return undefined;
  return {
    id: first.timestamp.getTime(),
    prices: quotes.map(({ symbol, timestamp, price, volume24h }) => ({
      symbol,
      price: plainDecimal(price),
      volume24h: volume24h === null ? null : plainDecimal(volume24h),
      timestamp: timestamp.toISOString(),
    })),
  };
}

/** A message of another replica; undefined for what another version of the application may have sent. */
export function parseMoment(message: string): Moment | undefined {
  try {
    return momentSchema.safeParse(JSON.parse(message)).data;
  } catch {
    return undefined;
  }
}

/** Rows of the database, in the order of their time, as the moments that they were written in. */
export function momentsOf(prices: readonly Price[]): Moment[] {
  const byTime = Map.groupBy(prices, ({ timestamp }) => Date.parse(timestamp));
  return [...byTime].map(([id, found]) => ({ id, prices: found })).sort((a, b) => a.id - b.id);
}

/** One event in the wire format of server-sent events, with the prices of `symbols`; all of them without. */
export function eventOf({ id, prices }: Moment, symbols?: ReadonlySet<string>): string | undefined {
  const wanted = symbols ? prices.filter(({ symbol }) => symbols.has(symbol)) : prices;
  if (wanted.length === 0) return undefined;
  const data = JSON.stringify({ timestamp: new Date(id).toISOString(), prices: wanted });
  return `id: ${id}\nevent: prices\ndata: ${data}\n\n`;
}

const FRACTION_DIGITS = 8;

/**
 * A decimal as the database gives it back: eight digits after the point at most, rounded half up, no exponent, no zeros
 * that say nothing. A feed may write 1.2e-7 or 65000.10.
 */
export function plainDecimal(text: string): string {
  const [, whole = '', fraction = '', exponent = '0'] =
    /^(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text) ?? [];
  if (whole === '') throw new RangeError(`"${text}" is no decimal`);
  // As an integer of 10^-(8 + 1), the last digit of which decides the rounding.
  const shift = FRACTION_DIGITS + 1 - fraction.length + Number(exponent);
  const digits = BigInt(whole + fraction);
  const scaled = shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(-shift);
  const rounded = ((scaled + 5n) / 10n).toString().padStart(FRACTION_DIGITS + 1, '0');
  const tail = rounded.slice(-FRACTION_DIGITS).replace(/0+$/, '');
  return `${rounded.slice(0, -FRACTION_DIGITS)}${tail === '' ? '' : `.${tail}`}`;
}
