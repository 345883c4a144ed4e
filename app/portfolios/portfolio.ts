import { z } from 'zod';

/** What is held of one asset. Amounts are decimal strings. */
export const holdingSchema = z.object({
  symbol: z.string(),
  quantity: z.string(),
  /** US dollars paid a unit, on average; null when the user has not said. */
  unitCost: z.string().nullable(),
});
export type Holding = z.output<typeof holdingSchema>;

/** A portfolio with its holdings by symbol. Times are ISO strings, so that it is the same after it was in Redis. */
export const portfolioSchema = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
  holdings: z.array(holdingSchema),
});
export type Portfolio = z.output<typeof portfolioSchema>;
