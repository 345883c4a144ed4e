// The same query of a price's history as the API's, in a loop, without HTTP: what the driver and PgBouncer give on this core.
import { fixedUrl } from '../../../../app/connection-url.ts';
import { createPriceStore } from '../../../../app/prices/price-store.ts';
import { openDatabase } from '../../../../app/storage/database.ts';

const [, , url = '', concurrency = '', seconds = '', from = '', to = ''] = process.argv;
const database = openDatabase({
  url: fixedUrl(url, ['postgresql:']),
  poolSize: 10,
  applicationName: 'bare-loop',
});
const store = createPriceStore(database);
const query = { symbol: 'BTC', interval: '1h', from: new Date(from), to: new Date(to), limit: 100 } as const;
await store.candles(query);
const start = performance.now();
const end = start + Number(seconds) * 1_000;
let count = 0;
await Promise.all(
  Array.from({ length: Number(concurrency) }, async () => {
    while (performance.now() < end) {
      JSON.stringify(await store.candles(query));
      count += 1;
    }
  }),
);
console.log(JSON.stringify({ rps: count / ((performance.now() - start) / 1_000) }));
await database.end(1_000);
