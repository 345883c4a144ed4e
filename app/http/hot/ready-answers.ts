import { gzipSync } from 'node:zlib';

/** An answer, ready to be sent to anybody. */
export interface ReadyAnswer {
  /** As text: Node sends a head and a text in one piece, and a head and bytes in two. */
  readonly identity: string;
  readonly length: number;
  /** Absent where it would hardly be shorter. */
  readonly gzip: Buffer | undefined;
  readonly etag: string;
  readonly type: string;
  readonly cacheControl: string;
  /** The pattern of its route, under which it is counted. */
  readonly route: string;
  /** In `performance.now()`'s milliseconds. */
  readonly until: number;
}

/** So long an answer is given again before it is looked up once more: well below what its Cache-Control allows. */
const KEPT_MS = 1_000;
const MOST_ANSWERS = 256;
const SMALLEST_TO_COMPRESS = 1_024;

/** Answers to the same few paths that thousands ask for in a second. */
export interface ReadyAnswers {
  get(path: string): ReadyAnswer | undefined;
  put(
    path: string,
    answer: Pick<ReadyAnswer, 'etag' | 'type' | 'cacheControl' | 'route'> & { text: string },
  ): void;
  /** New prices have come: what is kept is old from now on. */
  clear(): void;
}

export function createReadyAnswers(): ReadyAnswers {
  const kept = new Map<string, ReadyAnswer>();
  return {
    get: (path) => kept.get(path),
    put: (path, { text, ...rest }) => {
      // Paths differ in the case of their letters alone; so many ways of writing them are enough.
      if (kept.size >= MOST_ANSWERS) kept.clear();
      const length = Buffer.byteLength(text);
      const gzip = length < SMALLEST_TO_COMPRESS ? undefined : gzipSync(text);
      kept.set(path, { ...rest, identity: text, length, gzip, until: performance.now() + KEPT_MS });
    },
    clear: () => kept.clear(),
  };
}
