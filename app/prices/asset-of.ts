import { Problem } from '../http/problem.ts';
import { type Asset, assets, findAsset } from './assets.ts';

const SYMBOL = /^[A-Za-z0-9]{1,15}$/;

/** The asset that a path names, whatever the case. Throws a 400 Problem for what is no symbol and a 404 for an unknown one. */
export function assetOf(symbol: string | undefined): Asset {
  if (symbol === undefined || !SYMBOL.test(symbol)) {
    const detail = 'must be 1 to 15 letters and digits, such as BTC';
    const errors = [{ parameter: 'symbol', detail }];
    throw new Problem({
      status: 400,
      kind: 'wrong-parameter',
      detail: `The parameter "symbol" ${detail}.`,
      errors,
    });
  }
  const asset = findAsset(symbol.toUpperCase());
  if (asset) return asset;
  const known = assets.map((each) => each.symbol).join(', ');
  const detail = `There is no asset with the symbol ${symbol.toUpperCase()}; these are known: ${known}.`;
  throw new Problem({ status: 404, kind: 'unknown-symbol', detail });
}
