import type { IncomingMessage } from 'node:http';
import { Problem } from './problem.ts';

const LARGEST_BODY_BYTES = 64 * 1024;
const JSON_TYPE = /^application\/(json|[\w.-]+\+json)\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

/** A request's body as JSON, with the bytes that it came in. Throws a 400, 413 or 415 Problem. */
export async function readJson(request: IncomingMessage): Promise<{ bytes: Buffer; value: unknown }> {
  const {
    'content-type': type = '',
    'content-encoding': encoding,
    'content-length': length,
  } = request.headers;
  if (!JSON_TYPE.test(type) || (encoding !== undefined && encoding !== 'identity')) {
    const found = `${type || 'nothing'}${encoding ? `, ${encoding}` : ''}`;
    const detail = `The body must be application/json in UTF-8 and not compressed; its type is ${found}.`;
    throw new Problem({ status: 415, kind: 'unsupported-media-type', detail });
  }
  if (Number(length) > LARGEST_BODY_BYTES) throw tooLarge();
  // Of a request that announces no body the server makes no stream, so that one would never end.
  const isAnnounced = length !== undefined || request.headers['transfer-encoding'] !== undefined;
  const bytes = isAnnounced ? await bytesOf(request) : Buffer.alloc(0);
  try {
    return { bytes, value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) };
  } catch {
    const detail = bytes.length === 0 ? 'The body is empty; it must be JSON.' : 'The body is no valid JSON.';
    throw new Problem({ status: 400, kind: 'malformed-body', detail });
  }
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Not `for await`: leaving that early would destroy the connection that the answer has to go through.
  await new Promise<void>((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > LARGEST_BODY_BYTES) {
        request.removeAllListeners('data');
        reject(tooLarge());
      } else chunks.push(chunk);
    });
    request.once('end', resolve);
    request.once('error', reject);
    request.once('close', () => reject(brokenOff()));
  });
  return Buffer.concat(chunks);
}

function tooLarge(): Problem {
  const detail = `The body is larger than ${LARGEST_BODY_BYTES} bytes.`;
  return new Problem({ status: 413, kind: 'body-too-large', detail, closes: true });
}

const brokenOff = () =>
  new Problem({ status: 400, kind: 'broken-off', detail: 'The body ended before its length.' });
