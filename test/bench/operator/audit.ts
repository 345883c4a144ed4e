import { closeSync, openSync, readSync } from 'node:fs';

/** Requests by "user verb resource"; watches are left out, they are one request for thousands of changes. */
export type Requests = ReadonlyMap<string, number>;

/** What kube-apiserver logs when it is given `auditPolicy`: one line a finished request of the contenders. */
export class AuditLog {
  readonly #path: string;
  readonly #counts = new Map<string, number>();
  #position = 0;
  #rest = '';

  constructor(path: string) {
    this.#path = path;
  }

  /** All requests so far. */
  read(): Requests {
    const file = openSync(this.#path, 'r');
    const buffer = Buffer.alloc(1 << 20);
    try {
      for (;;) {
        const length = readSync(file, buffer, 0, buffer.length, this.#position);
        if (length === 0) break;
        this.#position += length;
        const lines = (this.#rest + buffer.toString('latin1', 0, length)).split('\n');
        this.#rest = lines.pop() ?? '';
        for (const line of lines) this.#count(line);
      }
    } finally {
      closeSync(file);
    }
    return new Map(this.#counts);
  }

  #count(line: string): void {
    const entry = JSON.parse(line) as {
      verb: string;
      user: { username: string };
      objectRef?: { resource?: string; subresource?: string };
    };
    if (entry.verb === 'watch') return;
    const { resource = 'none', subresource } = entry.objectRef ?? {};
    const key = `${entry.user.username} ${entry.verb} ${resource}${subresource ? `/${subresource}` : ''}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }
}

export function auditPolicy(users: string[]): object {
  return {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived', 'ResponseStarted'],
    rules: [{ level: 'Metadata', users }, { level: 'None' }],
  };
}

const READS = new Set(['get', 'list']);

/** Requests from `before` to `after` without those to the lease, which is renewed whether there is work or not. */
export function requestsBetween(
  before: Requests,
  after: Requests,
): { all: number; writes: number; of: Map<string, number> } {
  const of = new Map<string, number>();
  let [all, writes] = [0, 0];
  for (const [key, count] of after) {
    const more = count - (before.get(key) ?? 0);
    const [, verb = '', resource = ''] = key.split(' ');
    if (more === 0 || resource === 'leases') continue;
    of.set(`${verb} ${resource}`, more);
    all += more;
    if (!READS.has(verb)) writes += more;
  }
  return { all, writes, of };
}
