import { createHash } from 'node:crypto';
import { z } from 'zod';

/**
 * Cursors of one endpoint: the place after the last row of a page, which no later insert can shift. Clients keep them as
 * they are. They hold nothing secret and are checked like any other input, so that a made-up one is a 400 at most.
 */
export interface Cursors<T> {
  /** `scope` is what the page was asked with besides its place; a cursor is refused under another. */
  encode(place: T, scope: readonly unknown[]): string;
  /** undefined for what is no cursor, or one of another endpoint or scope. */
  decode(cursor: string, scope: readonly unknown[]): T | undefined;
  /** For the query string; whether the cursor fits is known only once the scope is. */
  readonly parameter: z.ZodString;
}

const LONGEST = 512;

/** `name` tells the cursors of one endpoint from those of another; change it with the shape of `place`. */
export function cursors<T extends z.ZodType>(name: string, place: T): Cursors<z.output<T>> {
  const envelope = z.object({ of: z.literal(name), in: z.string(), at: z.unknown() });
  return {
    encode: (value, scope) =>
      Buffer.from(JSON.stringify({ of: name, in: digest(scope), at: value })).toString('base64url'),
    decode: (cursor, scope) => {
      try {
        const found = envelope.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
        return found.in === digest(scope) ? place.parse(found.at) : undefined;
      } catch {
        return undefined;
      }
    },
    parameter: z.string({ error: 'must be given once' }).regex(new RegExp(`^[\\w-]{1,${LONGEST}}$`), {
      error: 'must be the nextCursor of an earlier answer, as it is',
    }),
  };
}

const digest = (scope: readonly unknown[]) =>
  createHash('sha256').update(JSON.stringify(scope)).digest('base64url').slice(0, 12);
