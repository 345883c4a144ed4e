import { gzipSync } from 'node:zlib';
import { corsHeaderValues } from '../cors.ts';
import { policyText } from '../limits/rate-limit.ts';
import { securityHeaderValues } from '../security-headers.ts';
import { type FlatHeaders, type Representation, representation } from './representation.ts';

/** An answer, ready to be sent to anybody. */
export interface ReadyAnswer {
  readonly plain: Representation;
  /** Absent where it would hardly be shorter. */
  readonly gzip: Representation | undefined;
  readonly unchanged: Representation;
  readonly etag: string;
  /** The pattern of its route, under which it is counted. */
  readonly route: string;
  /** True once it has to be looked up anew; before the end of its time it says so to one asker alone. `now` is `performance.now()`'s. */
  isOld(now: number): boolean;
}

/** So long an answer is given again before it is looked up once more: well below what its Cache-Control allows. */
const KEPT_MS = 1_000;
/** From then on one request takes the long way for all: they would all come at once when the time is over. */
const RENEWED_AFTER_MS = 900;
const MOST_ANSWERS = 256;
const SMALLEST_TO_COMPRESS = 1_024;

const ALWAYS = Object.entries({
  ...securityHeaderValues,
  ...corsHeaderValues,
  Vary: 'Accept-Encoding',
}).flat();

/** Answers to the same few paths that thousands ask for in a second. */
export interface ReadyAnswers {
  get(path: string): ReadyAnswer | undefined;
  put(path: string, answer: KeptAnswer): void;
  /** New prices have come: what is kept is old from now on. */
  clear(): void;
}

/** An answer as it was sent by the long way. */
export interface KeptAnswer {
  readonly text: string;
  readonly etag: string;
  readonly type: string;
  readonly cacheControl: string;
  readonly route: string;
}

/** `quota`: the requests a minute of a client without an account, which each answer names; 0 for no limit. */
export function createReadyAnswers(quota: number): ReadyAnswers {
  const policy = quota > 0 ? ['RateLimit-Policy', policyText({ name: 'anonymous', quota })] : [];
  const common = [...ALWAYS, ...policy];
  const kept = new Map<string, ReadyAnswer>();
  return {
    get: (path) => kept.get(path),
    put: (path, answer) => {
      // Paths differ in the case of their letters alone; so many ways of writing them are enough.
      if (kept.size >= MOST_ANSWERS) kept.clear();
      kept.set(path, readyAnswer(common, answer, performance.now()));
    },
    clear: () => kept.clear(),
  };
}

function readyAnswer(common: FlatHeaders, kept: KeptAnswer, now: number): ReadyAnswer {
  const { text, etag, type, cacheControl, route } = kept;
  const head = [...common, 'ETag', etag, 'Cache-Control', cacheControl];
  const withType = [...head, 'Content-Type', type];
  const length = Buffer.byteLength(text);
  return {
    plain: representation(200, [...withType, 'Content-Length', String(length)], text),
    gzip: length < SMALLEST_TO_COMPRESS ? undefined : gzipped(text, withType),
    unchanged: representation(304, head),
    etag,
    route,
    isOld: ageing(now),
  };
}

function gzipped(text: string, withType: FlatHeaders): Representation {
  const body = gzipSync(text);
  const length = String(body.length);
  return representation(200, [...withType, 'Content-Encoding', 'gzip', 'Content-Length', length], body);
}

function ageing(since: number): (now: number) => boolean {
  const until = since + KEPT_MS;
  let renewedFrom = since + RENEWED_AFTER_MS;
  return (now) => {
    if (now <= renewedFrom) return false;
    renewedFrom = until;
    return true;
  };
}
