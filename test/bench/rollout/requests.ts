import { closeSync, openSync, readSync } from 'node:fs';

/** One finished request, as the API server's audit log tells of it. Times in milliseconds. */
export interface Request {
  user: string;
  verb: string;
  resource: string;
  namespace: string;
  name: string;
  /** When it arrived, and when its answer was sent. */
  receivedAt: number;
  answeredAt: number;
  code: number;
}

const READS = new Set(['get', 'list', 'watch']);

/** The writes in an audit log, in the order in which they were answered; the lease and other reviews are left out. */
export class WriteLog {
  readonly #path: string;
  readonly #writes: Request[] = [];
  #position = 0;
  #rest = '';

  constructor(path: string) {
    this.#path = path;
  }

  /** All so far. */
  read(): readonly Request[] {
    const file = openSync(this.#path, 'r');
    const buffer = Buffer.alloc(1 << 20);
    try {
      for (;;) {
        const length = readSync(file, buffer, 0, buffer.length, this.#position);
        if (length === 0) break;
        this.#position += length;
        const lines = (this.#rest + buffer.toString('latin1', 0, length)).split('\n');
        this.#rest = lines.pop() ?? '';
        for (const line of lines) this.#add(line);
      }
    } finally {
      closeSync(file);
    }
    return this.#writes;
  }

  #add(line: string): void {
    const entry = JSON.parse(line) as {
      verb: string;
      user: { username: string };
      objectRef?: { resource?: string; namespace?: string; name?: string };
      requestReceivedTimestamp: string;
      stageTimestamp: string;
      responseStatus?: { code?: number };
    };
    const { resource = '', namespace = '', name = '' } = entry.objectRef ?? {};
    if (READS.has(entry.verb) || resource === 'leases') return;
    this.#writes.push({
      user: entry.user.username,
      verb: entry.verb,
      resource,
      namespace,
      name,
      receivedAt: millisecondsOf(entry.requestReceivedTimestamp),
      answeredAt: millisecondsOf(entry.stageTimestamp),
      code: entry.responseStatus?.code ?? 0,
    });
  }
}

/** Of a time with microseconds, which Date.parse would cut off. */
function millisecondsOf(time: string): number {
  const [seconds = '', fraction = '0'] = time.replace('Z', '').split('.');
  return Date.parse(`${seconds}Z`) + Number(`0.${fraction}`) * 1_000;
}

/** The value below which the share `q` of the values lies, the nearest that was measured; NaN without values. */
export function quantileOf(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? Number.NaN;
}
