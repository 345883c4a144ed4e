import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** What Node's parser finds before there is a request, by its error code. */
const refusals: Readonly<Record<string, [status: number, kind: string, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'headers-too-large', 'The headers are too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'request-timeout', 'The request did not arrive in time.'],
};

/** Answers what is no HTTP request with problem+json and closes the connection: the `clientError` of a server. */
export function refuse(error: Error, socket: Duplex): void {
  const code = 'code' in error ? String(error.code) : '';
  // Nobody is there to read an answer, or one is half-way out already.
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, kind, detail] = refusals[code] ?? [400, 'malformed-request', 'This is no HTTP request.'];
  const title = STATUS_CODES[status];
  const body = JSON.stringify({ type: `urn:cryptosense:problem:${kind}`, title, status, detail });
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
