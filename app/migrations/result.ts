import { writeFileSync } from 'node:fs';
import { type Migration, nameOf } from './files.ts';
import type { Applied } from './ledger.ts';
import { pending } from './steps.ts';

/** What a run has found and done, for the operator: the last words of the Job's container. */
export interface Result {
  /** The database has no table: nothing could be lost. */
  readonly fresh: boolean;
  /** Number of the newest migration that this release has. */
  readonly newest: number;
  /** What is left to do after the run. */
  readonly pending: { readonly expand: readonly string[]; readonly contract: readonly string[] };
  /** What the run has applied. */
  readonly applied: readonly string[];
  /** Which of all of these cannot be undone. */
  readonly irreversible: readonly string[];
  readonly error?: string;
}

/** Kubernetes keeps so many bytes of a container's last words, and drops them all when they are more. */
const MOST_BYTES = 4096;
const LONGEST_ERROR = 1000;

export function resultOf(
  migrations: readonly Migration[],
  found: { applied: readonly Applied[]; isFresh: boolean; run: readonly Migration[] },
): Result {
  const left = pending(migrations, found.applied).filter((migration) => !found.run.includes(migration));
  const named = [...left, ...found.run];
  return {
    fresh: found.isFresh,
    newest: migrations.length,
    pending: {
      expand: left.filter(({ kind }) => kind === 'expand').map(nameOf),
      contract: left.filter(({ kind }) => kind === 'contract').map(nameOf),
    },
    applied: found.run.map(nameOf),
    irreversible: named.filter(({ down }) => down === undefined).map(nameOf),
  };
}

/** The result as JSON that fits. Of long lists the newest are named, which decide which releases can live with them. */
export function lastWords(result: Result): string {
  for (let most = 1000; ; most = Math.floor(most / 2)) {
    const newest = (names: readonly string[]) => (most === 0 ? names.slice(-1) : names.slice(-most));
    const text = JSON.stringify({
      ...result,
      pending: { expand: newest(result.pending.expand), contract: newest(result.pending.contract) },
      applied: newest(result.applied),
      irreversible: newest(result.irreversible),
      ...(result.error === undefined ? {} : { error: result.error.slice(0, LONGEST_ERROR) }),
    });
    if (Buffer.byteLength(text) <= MOST_BYTES || most === 0) return text;
  }
}

/** Writes it where the kubelet looks; nowhere when nobody asks for it. */
export function leave(result: Result, file: string | undefined): void {
  if (file !== undefined) writeFileSync(file, lastWords(result));
}
