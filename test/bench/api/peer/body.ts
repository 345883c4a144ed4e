/** An answer of the size and shape of ours. */
export const PRICE = {
  symbol: 'BTC',
  price: '67012.34',
  volume24h: '28012345678',
  timestamp: '2026-11-22T12:00:00.000Z',
  stale: false,
};
export const BODY = JSON.stringify(PRICE);
