import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Context } from 'koa';

/** Below this a compressed answer is hardly shorter, and a packet is a packet. */
const SMALLEST_TO_COMPRESS = 1_024;

const encoders = {
  // Beyond these levels the time grows much faster than the answer shrinks.
  br: (bytes: Buffer) =>
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  gzip: (bytes: Buffer) => promisify(gzip)(bytes, { level: 5 }),
} as const;

/**
 * Sends a text: 304 when the client has it already, compressed when the client can read that and it is worth it. The
 * ETag is weak, because it is that of the text, in whichever encoding.
 */
export async function sendText(ctx: Context, text: string, type: string): Promise<void> {
  ctx.type = type;
  ctx.vary('Accept-Encoding');
  if ((ctx.method === 'GET' || ctx.method === 'HEAD') && ctx.status === 200) {
    const etag = etagOf(text);
    ctx.set('ETag', etag);
    if (isKnown(ctx.get('If-None-Match'), etag)) {
      ctx.status = 304;
      return;
    }
  }
  const bytes = Buffer.from(text);
  const encoding = encodingFor(ctx, bytes.length);
  if (encoding !== undefined) {
    ctx.set('Content-Encoding', encoding);
    ctx.body = await encoders[encoding](bytes);
  } else ctx.body = bytes;
  // Koa would call bytes application/octet-stream.
  ctx.type = type;
}

/** The shortest that the client can read. */
function encodingFor(ctx: Context, length: number): keyof typeof encoders | undefined {
  if (length < SMALLEST_TO_COMPRESS) return undefined;
  return (['br', 'gzip'] as const).find((encoding) => ctx.acceptsEncodings(encoding) === encoding);
}

export const etagOf = (text: string): string => `W/"${hash('sha1', text, 'base64url')}"`;

/**
 * Whether the client has this version already. Not Koa's `fresh`: that gives up on `Cache-Control: no-cache`, which a
 * browser's fetch adds to every request with an If-None-Match of its own.
 */
function isKnown(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch === '') return false;
  return ifNoneMatch.split(',').some((tag) => tag.trim() === etag || tag.trim() === '*');
}
