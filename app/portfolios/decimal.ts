import { BigNumber } from 'bignumber.js';
import { z } from 'zod';

/** Decimal arithmetic. Sums and products are exact; a quotient has 20 digits after the point, rounded half to even. */
export const Decimal = BigNumber.clone({
  DECIMAL_PLACES: 20,
  ROUNDING_MODE: BigNumber.ROUND_HALF_EVEN,
  EXPONENTIAL_AT: 1e9,
});
export type Decimal = BigNumber;

const DIGITS = { before: 18, after: 12 };
const AMOUNT = new RegExp(`^\\d{1,${DIGITS.before}}(\\.\\d{1,${DIGITS.after}})?$`);

/** An amount in a request: a text, because a JSON number is a float to most programs. It comes out as `0.5`, not `00.50`. */
export const amountSchema = z
  .string({ error: 'must be a decimal number as a text, such as "0.5"' })
  .regex(AMOUNT, {
    error: `must be a decimal number with at most ${DIGITS.before} digits before the point and ${DIGITS.after} after it`,
  })
  .transform((text) => new Decimal(text).toFixed())
  .meta({ openapi: { type: 'string', pattern: AMOUNT.source, examples: ['0.5'] } });

/** An amount above zero. */
export const positiveAmountSchema = z
  .string({ error: 'must be a decimal number as a text, such as "0.5"' })
  .pipe(amountSchema)
  .refine((text) => text !== '0', { error: 'must be more than 0' })
  .meta({ openapi: { type: 'string', pattern: `(?=.*[1-9])${AMOUNT.source}`, examples: ['0.5'] } });

/** An amount in an answer that may be below zero, exact. */
export const signedAmountSchema = z
  .string()
  .regex(/^-?\d+(\.\d+)?$/)
  .meta({ examples: ['-12.5'] });

/** `part` of `whole` in percent, to four digits; undefined when `whole` is zero. */
export function percent(part: Decimal, whole: Decimal): string | undefined {
  if (whole.isZero()) return undefined;
  return part.dividedBy(whole).times(100).decimalPlaces(4).toFixed();
}
