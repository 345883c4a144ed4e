import { keepAliveHeaders } from '../keep-alive.ts';

/** Names and values of headers by turns, as `writeHead` takes them. */
export type FlatHeaders = readonly string[];

/** An answer as it goes out, but for the headers that differ from request to request. */
export interface Representation {
  readonly status: 200 | 304;
  readonly head: FlatHeaders;
  /** As text: Node sends a head and a text in one piece, and a head and bytes in two. */
  readonly body: string | Buffer;
  /** What stands before and after the other headers; absent where the body is not a text of which each character is a byte. */
  readonly text: { readonly before: string; readonly after: string } | undefined;
}

const STATUS_LINES = { 200: 'HTTP/1.1 200 OK\r\n', 304: 'HTTP/1.1 304 Not Modified\r\n' } as const;

export function representation(
  status: 200 | 304,
  head: FlatHeaders,
  body: string | Buffer = '',
): Representation {
  const isText = typeof body === 'string' && Buffer.byteLength(body) === body.length;
  const text = isText
    ? { before: STATUS_LINES[status] + linesOf([...head, ...keepAliveHeaders]), after: `\r\n${body}` }
    : undefined;
  return { status, head, body, text };
}

/** The headers as they are on the wire. Nothing is checked: values that come from a client have to be checked before. */
function linesOf(headers: FlatHeaders): string {
  let lines = '';
  for (let at = 0; at < headers.length; at += 2) lines += `${headers[at]}: ${headers[at + 1]}\r\n`;
  return lines;
}
