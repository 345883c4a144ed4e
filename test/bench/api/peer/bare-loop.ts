// The same query of a price's history as the API's, in a loop, without HTTP: what the driver and PgBouncer give on this core.
import { fixedUrl } from '../../../../app/connection-url.ts';
import { createPriceStore } from '../../../../app/prices/price-store.ts';
import { openDatabase } from '../../../../app/storage/database.ts';
import { loop } from './loop.ts';

const [, , url = '', concurrency = '', seconds = '', from = '', to = ''] = process.argv;
const database = openDatabase({
  url: fixedUrl(url, ['postgresql:']),
  poolSize: 10,
  applicationName: 'bare-loop',
});
const store = createPriceStore(database);
const query = { symbol: 'BTC', interval: '1h', from: new Date(from), to: new Date(to), limit: 100 } as const;
await loop(Number(concurrency), Number(seconds), async () => JSON.stringify(await store.candles(query)));
await database.end(1_000);
