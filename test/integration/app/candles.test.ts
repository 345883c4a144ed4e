import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { fixedUrl } from '../../../app/connection-url.ts';
import { intervalSeconds, intervals } from '../../../app/prices/interval.ts';
import { type Candle, createPriceStore } from '../../../app/prices/price-store.ts';
import { openDatabase } from '../../../app/storage/database.ts';
import { suite } from '../../harness/suite.ts';
import { databaseUrl } from '../containers.ts';
import { World } from './world.ts';

const test = suite('candles');
const world = new World();
test.before(() => world.start());
test.after(() => world.stop());

interface Trade {
  readonly timestamp: Date;
  readonly cents: number;
}

const decimal = (cents: number) => String(cents / 100);

/** What a candle is, said in the plainest way. */
function naive(trades: readonly Trade[], widthMs: number, limit: number): Candle[] {
  const sorted = [...trades].sort((a, b) => +a.timestamp - +b.timestamp);
  const starts = [...new Set(sorted.map(({ timestamp }) => Math.floor(+timestamp / widthMs) * widthMs))];
  return starts.slice(-limit).map((start) => {
    const inside = sorted.filter(({ timestamp }) => +timestamp >= start && +timestamp < start + widthMs);
    const cents = inside.map((trade) => trade.cents);
    return {
      timestamp: new Date(start).toISOString(),
      open: decimal(cents[0] ?? 0),
      high: decimal(Math.max(...cents)),
      low: decimal(Math.min(...cents)),
      close: decimal(cents.at(-1) ?? 0),
      volume24h: null,
    };
  });
}

test('candles from the database equal those of a naive computation, through PgBouncer', async () => {
  const database = openDatabase({
    url: fixedUrl(databaseUrl(world.parts.database), ['postgresql:']),
    poolSize: 4,
    applicationName: 'test',
  });
  const store = createPriceStore(database);
  const from = new Date('2026-11-20T00:00:00Z');
  const to = new Date('2026-11-22T00:00:00Z');
  const trade = fc.record({
    timestamp: fc.date({ min: from, max: new Date(+to - 1), noInvalidDate: true }),
    cents: fc.integer({ min: 0, max: 10_000_000_000 }),
  });
  const trades = fc.uniqueArray(trade, { selector: ({ timestamp }) => +timestamp, maxLength: 60 });
  let run = 0;
  try {
    await fc.assert(
      fc.asyncProperty(
        trades,
        fc.constantFrom(...intervals),
        fc.integer({ min: 1, max: 50 }),
        async (made, interval, limit) => {
          const symbol = `T${run++}`;
          const quotes = made.map(({ timestamp, cents }) => ({
            symbol,
            timestamp,
            price: decimal(cents),
            volume24h: null,
          }));
          assert.is(await store.insert(quotes), made.length);
          assert.is(await store.insert(quotes), 0);
          const found = await store.candles({ symbol, interval, from, to, limit });
          assert.equal(found, naive(made, intervalSeconds[interval] * 1_000, limit));
        },
      ),
      { numRuns: 60 },
    );
  } finally {
    await database.end(1_000);
  }
});

test('thousands of prices are written at once, each once, and all or none', async () => {
  const database = openDatabase({
    url: fixedUrl(databaseUrl(world.parts.database), ['postgresql:']),
    poolSize: 2,
    applicationName: 'test',
  });
  const store = createPriceStore(database);
  const count = async (symbol: string) => {
    const [row] = await world.parts.sql`
      select count(*)::int as rows, count(volume)::int as volumes from price_history where symbol = ${symbol}`;
    return row;
  };
  const many = (symbol: string, last = '1.5') =>
    Array.from({ length: 6_001 }, (_, second) => ({
      symbol,
      timestamp: new Date(Date.UTC(2026, 10, 20) + second * 1_000),
      price: second === 6_000 ? last : `${second}.00000001`,
      volume24h: second % 2 === 0 ? null : '7',
    }));
  try {
    assert.is(await store.insert(many('MANY').slice(0, 10)), 10);
    assert.is(await store.insert(many('MANY')), 5_991);
    assert.is(await store.insert(many('MANY')), 0);
    assert.equal(await count('MANY'), { rows: 6_001, volumes: 3_000 });
    const [row] = await world.parts
      .sql`select price from price_history where symbol = 'MANY' and price > 5999`;
    assert.is(row?.price, '5999.00000001');
    await store.insert(many('NONE', '-1')).then(
      () => assert.unreachable('a negative price was written'),
      () => {},
    );
    assert.equal(await count('NONE'), { rows: 0, volumes: 0 });
    // The connections are as good as before.
    assert.is(await store.insert(many('AGAIN')), 6_001);
  } finally {
    await database.end(1_000);
  }
});

test.run();
