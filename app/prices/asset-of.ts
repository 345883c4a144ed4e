import { z } from 'zod';
import { Problem } from '../http/problem.ts';
import { type Asset, assets, findAsset } from './assets.ts';

const SYMBOL = /^[A-Za-z0-9]{1,15}$/;
const SYMBOL_RULE = 'must be 1 to 15 letters and digits, such as BTC';

/** A symbol as clients write it, in either case. */
const symbolSchema = z
  .string({ error: SYMBOL_RULE })
  .regex(SYMBOL, { error: SYMBOL_RULE })
  .meta({ examples: ['BTC'] });

/** The parameters of a path with a symbol in it. */
export const symbolParameters = z.strictObject({ symbol: symbolSchema });

/** The asset of a symbol, whatever the case. Throws a 404 Problem for an unknown one. */
export function assetOf(symbol: string): Asset {
  const asset = findAsset(symbol.toUpperCase());
  if (asset) return asset;
  const known = assets.map((each) => each.symbol).join(', ');
  const detail = `There is no asset with the symbol ${symbol.toUpperCase()}; these are known: ${known}.`;
  throw new Problem({ status: 404, kind: 'unknown-symbol', detail });
}
