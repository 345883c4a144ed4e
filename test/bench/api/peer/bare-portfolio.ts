// The queries and the computation of a portfolio's performance in a loop, without HTTP, session and Redis.
import { fixedUrl } from '../../../../app/connection-url.ts';
import { performanceOf } from '../../../../app/portfolios/performance.ts';
import { createPerformanceStore, type Range } from '../../../../app/portfolios/performance-store.ts';
import { openDatabase } from '../../../../app/storage/database.ts';
import { loop } from './loop.ts';

const [, , url = '', concurrency = '', seconds = '', id = '', range = ''] = process.argv;
const database = openDatabase({
  url: fixedUrl(url, ['postgresql:']),
  poolSize: 10,
  applicationName: 'bare-loop',
});
const store = createPerformanceStore(database);
const portfolio = { id, name: '', createdAt: '', updatedAt: '', holdings: [] };
await loop(Number(concurrency), Number(seconds), async () => {
  const changes = await store.changesOf(portfolio);
  const symbols = [...new Set(changes.map((change) => change.symbol))];
  const moments = await store.pricesOver(symbols, range as Range, new Date());
  return JSON.stringify(performanceOf(moments, changes));
});
await database.end(1_000);
