import { closeSync, openSync, readSync } from 'node:fs';

/** The lines that a file gets while it is written. */
export class LogTail {
  readonly #path: string;
  #position = 0;
  #rest = '';

  constructor(path: string) {
    this.#path = path;
  }

  /** Whole lines since the last call. */
  *lines(): Generator<string> {
    const file = openSync(this.#path, 'r');
    const buffer = Buffer.alloc(1 << 20);
    try {
      for (;;) {
        const length = readSync(file, buffer, 0, buffer.length, this.#position);
        if (length === 0) return;
        this.#position += length;
        const lines = (this.#rest + buffer.toString('latin1', 0, length)).split('\n');
        this.#rest = lines.pop() ?? '';
        yield* lines;
      }
    } finally {
      closeSync(file);
    }
  }
}
