import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { Quote } from '../../../app/feed/feed.ts';
import { lineOf, parseRecording, RecordingError } from '../../../app/feed/recording.ts';
import { createReplay } from '../../../app/feed/replay.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('replay of recorded prices');
const { signal } = new AbortController();
const START = Date.parse('2026-01-01T00:00:00Z');

const quote = (symbol: string, seconds: number, price: string): Quote => ({
  symbol,
  timestamp: new Date(START + seconds * 1_000),
  price,
  volume24h: null,
});

/** Prices of two symbols, oldest first. */
const recorded = fc
  .uniqueArray(
    fc.record({ symbol: fc.constantFrom('BTC', 'ETH'), seconds: fc.nat(500), cents: fc.integer({ min: 1 }) }),
    { minLength: 1, maxLength: 40, selector: ({ symbol, seconds }) => `${symbol}${seconds}` },
  )
  .map((found) =>
    found
      .sort((a, b) => a.seconds - b.seconds)
      .map(({ symbol, seconds, cents }) => quote(symbol, seconds, `${Math.floor(cents / 100)}.${cents}`)),
  );
const speed = fc.constantFrom(0.25, 1, 2, 60, 1_000);

/** The same by the simplest means: walks through rounds in steps, and remembers each symbol's newest quote. */
function naive(quotes: readonly Quote[], symbol: string, at: number, times: number): string | undefined {
  const moments = [...new Set(quotes.map(({ timestamp }) => timestamp.getTime()))];
  const first = moments[0] ?? 0;
  const last = moments.at(-1) ?? 0;
  const round = last - first + (moments.length > 1 ? last - (moments.at(-2) ?? 0) : 1_000);
  const into = first + ((at * times) % round);
  const own = quotes.filter((one) => one.symbol === symbol);
  return (own.filter(({ timestamp }) => timestamp.getTime() <= into).at(-1) ?? own.at(-1))?.price;
}

test('at every moment it quotes what a naive walk through the recording finds, for every symbol in it', async () => {
  const moment = fc.date({ min: new Date(0), max: new Date('2040-01-01'), noInvalidDate: true });
  await fc.assert(
    fc.asyncProperty(recorded, speed, moment, async (quotes, times, at) => {
      const found = await createReplay({ quotes }, times).quotes(at, signal);
      assert.equal(
        Object.fromEntries(found.map(({ symbol, price }) => [symbol, price])),
        Object.fromEntries(quotes.map(({ symbol }) => [symbol, naive(quotes, symbol, at.getTime(), times)])),
      );
      for (const { timestamp } of found) assert.is(timestamp.getTime(), at.getTime());
    }),
  );
});

test('a round plays every price in its order, and then begins again', async () => {
  const quotes = [quote('BTC', 0, '1'), quote('BTC', 10, '2'), quote('BTC', 20, '3')];
  // A moment at which a round of 30 s begins, once and twice as fast.
  const begin = Math.floor(START / 30_000) * 30_000;
  for (const times of [1, 2]) {
    const feed = createReplay({ quotes }, times);
    const played: (string | undefined)[] = [];
    for (let ms = 0; ms < 40_000; ms += 10_000)
      played.push((await feed.quotes(new Date(begin + ms / times), signal))[0]?.price);
    assert.equal(played, ['1', '2', '3', '1']);
  }
});

test('history fits what follows it', async () => {
  const feed = createReplay({ quotes: [quote('BTC', 0, '1'), quote('BTC', 600, '2')] }, 1);
  const past = feed.history?.(new Date(START)) ?? [];
  assert.ok(past.length > 1_000);
  for (const one of past.slice(0, 200)) assert.equal((await feed.quotes(one.timestamp, signal))[0], one);
});

test('what is written is read as it was', () => {
  fc.assert(
    fc.property(recorded, (quotes) => {
      assert.equal(parseRecording(quotes.map((one) => `${lineOf(one)}\n`).join('')).quotes, quotes);
    }),
  );
  // As CoinGecko writes what is worth next to nothing.
  assert.is(parseRecording(lineOf(quote('DOGE', 0, '1.2e-05'))).quotes[0]?.price, '1.2e-05');
  const lines = [lineOf(quote('BTC', 0, '1')), '', lineOf(quote('ETH', 0, '2'))];
  assert.is(parseRecording(lines.join('\r\n')).quotes.length, 2);
});

test('each mistake has its line and what to write', () => {
  const right = lineOf(quote('BTC', 10, '1'));
  const rows: [string, string][] = [
    ['', 'there is no line'],
    ['BTC,1', 'line 1 is no JSON ("BTC,1")'],
    ['[]', 'line 1 is no object with timestamp, symbol, price and volume24h'],
    [
      right.replace('"1"', '1'),
      'line 1 has 1 as price, expected an amount above 0 as a text, such as "65000.12"',
    ],
    [right.replace('"1"', '"0"'), 'line 1 has "0" as price, expected an amount above 0'],
    [right.replace('BTC', 'XYZ'), 'line 1 has "XYZ" as symbol, expected the symbol of an asset'],
    [
      right.replace('2026-01-01T', 'yesterday '),
      'line 1 has "yesterday 00:00:10.000Z" as timestamp, expected a moment',
    ],
    [
      right.replace(',"volume24h":null', ''),
      'line 1 has nothing as volume24h, expected an amount as a text, or null',
    ],
    [right.replace('}', ',"more":1}'), 'line 1 has a field that is not known here: more'],
    [`${right}\n${right}`, 'line 2 has a second price of BTC at the same moment'],
    [`${right}\n${lineOf(quote('ETH', 9, '1'))}`, 'line 2 is older than the line before it: sort the lines'],
    [`x\n${right}\ny`, 'line 1 is no JSON ("x"); line 3 is no JSON ("y")'],
  ];
  for (const [text, sentence] of rows) {
    try {
      parseRecording(text);
      assert.unreachable(`nothing was found in ${text}`);
    } catch (error) {
      assert.instance(error, RecordingError);
      assert.ok((error as Error).message.startsWith(sentence), (error as Error).message);
    }
  }
});

test('of many mistakes the first five are named', () => {
  assert.throws(() => parseRecording('x\n'.repeat(1_000)), /^line 1 .*; line 5 is no JSON \("x"\)$/);
});

test.run();
