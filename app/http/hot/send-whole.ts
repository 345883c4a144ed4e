import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { Writable } from 'node:stream';

/** Sends an answer of which head and body are one text, each character of it a byte. The connection stays open. */
export type SendWhole = (response: ServerResponse, text: string) => void;

/**
 * Node makes the head of an answer header by header, and checks each: with sixteen headers a tenth of what a hot request takes in all. The only
 * way to hand it a head that is ready is the property that it keeps its own in: `_header`, which is what `headersSent` is read
 * from, and is no part of its documented interface. So it is tried once, at the start; undefined when this Node does something else
 * with it, and answers have to go through `writeHead` then.
 */
export function wholeSender(): SendWhole | undefined {
  try {
    return isAsExpected() ? send : undefined;
  } catch {
    return undefined;
  }
}

const send: SendWhole = (response, text) => {
  (response as unknown as { _header: string })._header = text;
  response.end();
};

/** What is written, and how, is all that a client can see of it. */
function isAsExpected(): boolean {
  const written: string[] = [];
  const sink = new Writable({
    decodeStrings: false,
    write: (chunk, encoding, done) => {
      written.push(`${encoding} ${chunk}`);
      done();
    },
  });
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  response.assignSocket(sink as unknown as Socket);
  send(response, 'HTTP/1.1 200 OK\r\n\r\n\u00ff');
  const isOnePiece = written.length === 1 && written[0] === 'latin1 HTTP/1.1 200 OK\r\n\r\n\u00ff';
  return isOnePiece && response.headersSent && response.writableEnded;
}
