import type { ServerResponse } from 'node:http';

/** A silent connection is not a dead one: proxies are told so this often. */
const HEARTBEAT_MS = 15_000;

/** Server-sent events to one browser. */
export interface Stream {
  /** Resolves when the browser has taken what was sent before; a slow one is waited for, and nothing piles up. */
  send(event: string, data: unknown): Promise<void>;
  end(): void;
  /** Aborted when the browser is gone or the stream has ended. */
  signal: AbortSignal;
}

export function openStream(response: ServerResponse): Stream {
  const ending = new AbortController();
  response.once('close', () => ending.abort());
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  response.flushHeaders();
  const beat = setInterval(() => {
    if (!response.writableNeedDrain) response.write(':\n\n');
  }, HEARTBEAT_MS).unref();
  ending.signal.addEventListener('abort', () => clearInterval(beat));
  return {
    signal: ending.signal,
    send: async (event, data) => {
      if (ending.signal.aborted) return;
      // JSON has no line breaks of its own.
      const taken = response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
      if (taken) return;
      await new Promise<void>((resolve) => {
        response.once('drain', resolve);
        ending.signal.addEventListener('abort', () => resolve(), { once: true });
      });
    },
    end: () => {
      ending.abort();
      response.end();
    },
  };
}
