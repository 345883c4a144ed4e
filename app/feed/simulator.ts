import type { Feed, Quote } from './feed.ts';
import { pastMoments } from './past.ts';

/**
 * A market that never was: a random walk that is a pure function of (seed, symbol, time). Any replica, at any time and after
 * any restart, sees the same price at the same moment, and history fits what follows.
 *
 * It is a sum of noises, each half as strong as the one four times as slow: a walk's spread grows with the square
 * root of time. Amounts are integers of 10^-8 dollars throughout.
 */
export function createSimulator(seed: number, listed: readonly Listing[] = listings): Feed {
  const quotesAt = (at: Date): Quote[] => listed.map((listing) => quoteAt(seed, listing, at));
  return {
    name: 'simulator',
    quotes: async (at) => quotesAt(at),
    history: (until) => pastMoments(until).flatMap(quotesAt),
  };
}

export interface Listing {
  readonly symbol: string;
  /** In 10^-8 dollars. */
  readonly price: bigint;
  /** Traded in a day, in whole dollars. */
  readonly volume: bigint;
  /** Digits after the point that this market quotes. */
  readonly digits: number;
}

const UNIT = 100_000_000n;

export const listings: readonly Listing[] = [
  { symbol: 'BTC', price: 67_000n * UNIT, volume: 28_000_000_000n, digits: 2 },
  { symbol: 'ETH', price: 3_500n * UNIT, volume: 15_000_000_000n, digits: 2 },
  { symbol: 'SOL', price: 150n * UNIT, volume: 2_500_000_000n, digits: 2 },
  { symbol: 'BNB', price: 590n * UNIT, volume: 1_200_000_000n, digits: 2 },
  { symbol: 'XRP', price: 52_000_000n, volume: 1_100_000_000n, digits: 6 },
  { symbol: 'ADA', price: 45_000_000n, volume: 400_000_000n, digits: 6 },
  { symbol: 'DOGE', price: 14_000_000n, volume: 900_000_000n, digits: 6 },
  { symbol: 'LTC', price: 84n * UNIT, volume: 350_000_000n, digits: 2 },
];

const MILLION = 1_000_000;
const SLOWEST_MS = 16 * 86_400_000;
const SLOWEST_PPM = 200_000;
const OCTAVES = 10;

function quoteAt(seed: number, listing: Listing, at: Date): Quote {
  const price = scaled(listing.price, walkPpm(seed, `${listing.symbol}/price`, at.getTime()));
  const volume = scaled(listing.volume, walkPpm(seed, `${listing.symbol}/volume`, at.getTime()));
  return {
    symbol: listing.symbol,
    timestamp: at,
    price: toDecimal(price, listing.digits),
    volume24h: String(volume),
  };
}

const scaled = (amount: bigint, ppm: number) => (amount * BigInt(MILLION + ppm)) / BigInt(MILLION);

/** How far the walk is from its start, in parts per million; between -400,000 and 400,000. */
function walkPpm(seed: number, stream: string, atMs: number): number {
  let sum = 0;
  let period = SLOWEST_MS;
  let strength = SLOWEST_PPM;
  for (let octave = 0; octave < OCTAVES; octave++) {
    const step = Math.floor(atMs / period);
    const into = atMs - step * period;
    const key = hash(`${seed}/${stream}/${octave}`);
    const before = noise(key, step);
    const after = noise(key, step + 1);
    const between = Math.trunc((before * (period - into) + after * into) / period);
    sum += Math.trunc((strength * between) / MILLION);
    period = Math.floor(period / 4);
    strength = Math.floor(strength / 2);
  }
  return sum;
}

/** A whole number from -1,000,000 to 1,000,000. */
function noise(key: number, step: number): number {
  return (mix(key ^ Math.imul(step, 0x9e3779b1)) % (2 * MILLION + 1)) - MILLION;
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

/** The finalizer of MurmurHash3: neighbouring numbers come out far apart. */
function mix(value: number): number {
  let mixed = value >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** An amount of 10^-8 dollars as a decimal string, cut to `digits` after the point. */
function toDecimal(amount: bigint, digits: number): string {
  const fraction = (amount % UNIT).toString().padStart(8, '0').slice(0, digits);
  return `${amount / UNIT}.${fraction}`;
}
