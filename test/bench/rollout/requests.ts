import { LogTail } from '../log-tail.ts';

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
  readonly #tail: LogTail;
  readonly #writes: Request[] = [];

  constructor(path: string) {
    this.#tail = new LogTail(path);
  }

  /** All so far. */
  read(): readonly Request[] {
    for (const line of this.#tail.lines()) this.#add(line);
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
