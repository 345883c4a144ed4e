import { z } from 'zod';
import { assetOf } from './asset-of.ts';

const MOST_SYMBOLS = 50;
const RULE = `must be 1 to ${MOST_SYMBOLS} symbols with commas between them, such as BTC,ETH`;

/** A list of symbols in a query string. */
export const symbolsParameter = z
  .string({ error: 'must be given once' })
  .regex(new RegExp(`^[A-Za-z0-9]{1,15}(,[A-Za-z0-9]{1,15}){0,${MOST_SYMBOLS - 1}}$`), { error: RULE })
  .meta({ examples: ['BTC,ETH'] });

/** The symbols of a list, in upper case, each once. Throws a 404 Problem for an unknown one. */
export const symbolsOf = (list: string): string[] => [
  ...new Set(list.split(',').map((symbol) => assetOf(symbol).symbol)),
];
