import { get as httpGet, type IncomingMessage } from 'node:http';

/** One event of a stream. */
export interface StreamEvent {
  readonly id: string;
  readonly event: string;
  readonly data: { timestamp: string; prices: { symbol: string; price: string }[] };
}

/** A client of server-sent events over a plain socket, so that a test sees comments and the end as well. */
export class EventStream {
  readonly events: StreamEvent[] = [];
  comments = 0;
  ended = false;
  readonly headers: IncomingMessage['headers'];
  readonly #response: IncomingMessage;
  #rest = '';

  static open(url: string, headers: Record<string, string> = {}): Promise<EventStream> {
    return new Promise((resolve, reject) => {
      httpGet(url, { headers, agent: false }, (response) => resolve(new EventStream(response))).on(
        'error',
        reject,
      );
    });
  }

  private constructor(response: IncomingMessage) {
    this.#response = response;
    this.headers = response.headers;
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.#take(text));
    response.on('error', () => {});
    response.on('close', () => {
      this.ended = true;
    });
  }

  /** Reads nothing any more: what is sent piles up. */
  pause(): void {
    this.#response.pause();
  }

  close(): void {
    this.#response.destroy();
  }

  #take(text: string): void {
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) {
      if (block.startsWith(':')) this.comments += 1;
      const fields = Object.fromEntries(
        block
          .split('\n')
          .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      );
      if (fields.data !== undefined)
        this.events.push({ id: fields.id ?? '', event: fields.event ?? '', data: JSON.parse(fields.data) });
    }
  }
}
