import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as assert from 'uvu/assert';
import { createCoinGeckoFeed, parseRetryAfter, parseWithDecimals } from '../../../app/feed/coingecko.ts';
import { FeedUnavailable } from '../../../app/feed/feed.ts';
import { assets } from '../../../app/prices/assets.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('CoinGecko client');
const at = new Date('2026-11-22T12:00:00Z');
const { signal } = new AbortController();

/** Runs `work` with the address of a server that answers as CoinGecko would. */
async function withServer<T>(listener: RequestListener, work: (url: string) => Promise<T>): Promise<T> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const failureOf = async (work: Promise<unknown>): Promise<FeedUnavailable> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof FeedUnavailable) return error;
  throw new Error(`expected FeedUnavailable, found ${String(error)}`);
};

test('all assets are asked for at once, and prices stay the decimals they were sent as', async () => {
  let asked = '';
  const quotes = await withServer(
    (request, response) => {
      asked = request.url ?? '';
      response.end(
        '{"bitcoin":{"usd":65000.10,"usd_24h_vol":28000000000.123456789},"dogecoin":{"usd":1.2e-7,"usd_24h_vol":null}}',
      );
    },
    (url) => createCoinGeckoFeed({ url, assets }).quotes(at, signal),
  );
  assert.match(asked, /^\/simple\/price\?ids=bitcoin%2Cethereum.*&vs_currencies=usd&include_24hr_vol=true$/);
  assert.equal(quotes, [
    { symbol: 'BTC', timestamp: at, price: '65000.10', volume24h: '28000000000.123456789' },
    { symbol: 'DOGE', timestamp: at, price: '1.2e-7', volume24h: null },
  ]);
});

test('a 429 says how long to wait', async () => {
  const failure = await withServer(
    (_request, response) => response.writeHead(429, { 'Retry-After': '7' }).end(),
    (url) => failureOf(createCoinGeckoFeed({ url, assets }).quotes(at, signal)),
  );
  assert.is(failure.retryAfterMs, 7_000);
  assert.match(failure.message, '429');
});

test('an answer that is no list of prices is a failure and not a price', async () => {
  for (const body of ['<html>', '[]', '{}', '{"bitcoin":{"usd":"much"}}', '{"bitcoin":{"usd":-1}}']) {
    await withServer(
      (_request, response) => response.end(body),
      (url) => failureOf(createCoinGeckoFeed({ url, assets }).quotes(at, signal)),
    );
  }
});

test('nobody there is a failure', async () => {
  await failureOf(createCoinGeckoFeed({ url: 'http://127.0.0.1:1', assets }).quotes(at, signal));
});

test('Retry-After is understood in seconds and as a date, and is bounded', () => {
  assert.is(parseRetryAfter('3', at), 3_000);
  assert.is(parseRetryAfter('Sun, 22 Nov 2026 12:00:30 GMT', at), 30_000);
  assert.is(parseRetryAfter('Sun, 22 Nov 2026 11:00:00 GMT', at), 0);
  assert.is(parseRetryAfter('999999', at), 600_000);
  assert.is(parseRetryAfter('soon', at), undefined);
  assert.is(parseRetryAfter(null, at), undefined);
});

test('numbers in JSON become their own text', () => {
  assert.equal(parseWithDecimals('{"a":0.1000,"b":[12345678901234567890],"c":"1"}'), {
    a: '0.1000',
    b: ['12345678901234567890'],
    c: '1',
  });
  assert.is(parseWithDecimals('{'), undefined);
});

test.run();
