import { LogTail } from '../log-tail.ts';

/** Requests by "user verb resource"; watches are left out, they are one request for thousands of changes. */
export type Requests = ReadonlyMap<string, number>;

/** What kube-apiserver logs when it is given `auditPolicy`: one line a finished request of the contenders. */
export class AuditLog {
  readonly #tail: LogTail;
  readonly #counts = new Map<string, number>();

  constructor(path: string) {
    this.#tail = new LogTail(path);
  }

  /** All requests so far. */
  read(): Requests {
    for (const line of this.#tail.lines()) this.#count(line);
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
