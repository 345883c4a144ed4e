import { eventually } from '../processes.ts';

/** A stream of the dashboard's, as a program reads it. */
export class Reader {
  readonly status: number;
  readonly headers: Headers;
  readonly messages: { event: string; data: Record<string, unknown> }[] = [];
  /** Everything that came, as it came. */
  text = '';
  ended = false;
  readonly #abort: AbortController;

  private constructor(response: Response, abort: AbortController) {
    this.status = response.status;
    this.headers = response.headers;
    this.#abort = abort;
    void this.#read(response).catch(() => {
      this.ended = true;
    });
  }

  static async open(url: string, token: string): Promise<Reader> {
    const abort = new AbortController();
    const headers = { authorization: `Bearer ${token}` };
    return new Reader(await fetch(url, { headers, signal: abort.signal }), abort);
  }

  /** The newest message of this kind for which `holds`; waits for it. */
  async until(
    event: string,
    holds: (data: Record<string, unknown>) => boolean = () => true,
  ): Promise<Record<string, unknown>> {
    const found = () => this.messages.findLast((message) => message.event === event && holds(message.data));
    await eventually(
      `the message ${event} comes; there were ${this.text.slice(-600)}`,
      () => found() !== undefined,
    );
    return found()?.data ?? {};
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(response: Response): Promise<void> {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of response.body ?? []) {
      const text = decoder.decode(chunk as Uint8Array, { stream: true });
      this.text += text;
      const blocks = (rest + text).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = /^event: (.*)$/m.exec(block)?.[1];
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (event && data) this.messages.push({ event, data: JSON.parse(data) as Record<string, unknown> });
      }
    }
    this.ended = true;
  }
}
