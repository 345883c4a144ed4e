import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { findAsset } from '../prices/assets.ts';
import type { Quote } from './feed.ts';

/** Quotes as they were, oldest first, and no two of one symbol at the same moment. Never empty. */
export interface Recording {
  readonly quotes: readonly Quote[];
}

/** What is wrong with a recording: at most a few sentences, each with its line. */
export class RecordingError extends Error {
  override name = 'RecordingError';
}

const MOST_SENTENCES = 5;
/** A quarter of a year of eight assets every fifteen seconds is four million. */
const MOST_QUOTES = 5_000_000;

// As CoinGecko writes amounts, and as the database takes them.
const decimal = z.string().regex(/^\d{1,20}(\.\d{1,30})?(e[+-]?\d{1,2})?$/i);
const quoteSchema = z.strictObject({
  timestamp: z.iso.datetime(),
  symbol: z.string().refine((symbol) => findAsset(symbol) !== undefined),
  price: decimal.refine((price) => Number(price) > 0),
  volume24h: decimal.nullable(),
});

const EXPECTED: Record<string, string> = {
  timestamp: 'a moment in UTC such as 2026-01-31T12:00:00.000Z',
  symbol: 'the symbol of an asset that the application knows, such as BTC',
  price: 'an amount above 0 as a text, such as "65000.12"',
  volume24h: 'an amount as a text, or null',
};

/** One quote as a line of a recording, without its end. */
export function lineOf({ timestamp, symbol, price, volume24h }: Quote): string {
  return JSON.stringify({ timestamp: timestamp.toISOString(), symbol, price, volume24h });
}

/** The recording in a file. Throws RecordingError, with the name of the file. */
export function recordingIn(file: string): Recording {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new RecordingError(
      `the file ${file}, which cannot be read (${(error as NodeJS.ErrnoException).code})`,
    );
  }
  try {
    return parseRecording(text);
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error;
    throw new RecordingError(`the file ${file}, in which ${error.message}`);
  }
}

/** Reads JSON lines, each a quote. Throws RecordingError. */
export function parseRecording(text: string): Recording {
  const quotes: Quote[] = [];
  const wrong: string[] = [];
  const newest = new Map<string, number>();
  let last = Number.NEGATIVE_INFINITY;
  let number = 0;
  for (const line of lines(text)) {
    number += 1;
    if (line.trim() === '') continue;
    const found = quoteOf(line);
    const at = typeof found === 'string' ? Number.NaN : found.timestamp.getTime();
    const sentence =
      typeof found === 'string'
        ? found
        : at < last
          ? 'is older than the line before it: sort the lines by timestamp'
          : newest.get(found.symbol) === at
            ? `has a second price of ${found.symbol} at the same moment`
            : undefined;
    if (sentence === undefined) {
      quotes.push(found as Quote);
      newest.set((found as Quote).symbol, at);
      last = at;
    } else wrong.push(`line ${number} ${sentence}`);
    if (wrong.length === MOST_SENTENCES) break;
    if (quotes.length > MOST_QUOTES) throw new RecordingError(`there are more than ${MOST_QUOTES} lines`);
  }
  if (wrong.length > 0) throw new RecordingError(wrong.join('; '));
  if (quotes.length === 0) throw new RecordingError('there is no line');
  return { quotes };
}

/** Without a second copy of a large file. */
function* lines(text: string): Generator<string> {
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf('\n', from);
    const until = end === -1 ? text.length : end;
    yield text.slice(from, until);
    from = until + 1;
  }
}

/** A quote, or what is wrong with it. */
function quoteOf(line: string): Quote | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return `is no JSON (${JSON.stringify(line.slice(0, 60))})`;
  }
  const parsed = quoteSchema.safeParse(value);
  if (parsed.success) return { ...parsed.data, timestamp: new Date(parsed.data.timestamp) };
  const [issue] = parsed.error.issues;
  const name = String(issue?.path[0] ?? '');
  if (issue?.code === 'unrecognized_keys') return `has a field that is not known here: ${issue.keys[0]}`;
  if (name === '') return 'is no object with timestamp, symbol, price and volume24h';
  const shown = JSON.stringify((value as Record<string, unknown>)[name]) ?? 'nothing';
  return `has ${shown.slice(0, 60)} as ${name}, expected ${EXPECTED[name]}`;
}
