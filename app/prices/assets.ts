/** An asset whose price the feed follows. */
export interface Asset {
  readonly symbol: string;
  readonly name: string;
  /** The name in CoinGecko's API. */
  readonly coingeckoId: string;
}

/** Every asset that the application knows. A symbol that is not here is answered with 404, without a query. */
export const assets: readonly Asset[] = [
  { symbol: 'BTC', name: 'Bitcoin', coingeckoId: 'bitcoin' },
  { symbol: 'ETH', name: 'Ether', coingeckoId: 'ethereum' },
  { symbol: 'SOL', name: 'Solana', coingeckoId: 'solana' },
  { symbol: 'BNB', name: 'BNB', coingeckoId: 'binancecoin' },
  { symbol: 'XRP', name: 'XRP', coingeckoId: 'ripple' },
  { symbol: 'ADA', name: 'Cardano', coingeckoId: 'cardano' },
  { symbol: 'DOGE', name: 'Dogecoin', coingeckoId: 'dogecoin' },
  { symbol: 'LTC', name: 'Litecoin', coingeckoId: 'litecoin' },
];

const bySymbol = new Map(assets.map((asset) => [asset.symbol, asset]));

export const findAsset = (symbol: string): Asset | undefined => bySymbol.get(symbol);

/** Assets with the text in their symbol or name, whatever the case; those whose symbol begins with it first. */
export function findAssets(text: string): Asset[] {
  const wanted = text.trim().toLowerCase();
  const begins = ({ symbol }: Asset) => symbol.toLowerCase().startsWith(wanted);
  const found = assets.filter(
    (asset) => begins(asset) || has(asset.symbol, wanted) || has(asset.name, wanted),
  );
  return [...found.filter(begins), ...found.filter((asset) => !begins(asset))];
}

const has = (text: string, wanted: string) => text.toLowerCase().includes(wanted);
