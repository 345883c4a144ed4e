import type { MigrationResult } from '../../../operator/rollout/schema.ts';

/** The migrations that an image has, by the names of their files. */
export interface Migrations {
  expand?: string[];
  contract?: string[];
  irreversible?: string[];
}

/** What a real image's Job would do to the database, and say: the ledger, and nothing else of it. */
export class Ledger {
  /** Names of what was applied, in order; one that is here twice took effect twice. */
  readonly applied: string[] = [];

  run(args: string[], { expand = [], contract = [], irreversible = [] }: Migrations): MigrationResult {
    const left = (files: string[]) => files.filter((file) => !this.applied.includes(file));
    const fresh = this.applied.length === 0;
    const todo = args.includes('report') ? [] : args.includes('contract') ? left(contract) : left(expand);
    this.applied.push(...todo);
    const newest = Math.max(0, ...[...expand, ...contract].map((file) => Number.parseInt(file, 10)));
    const pending = { expand: left(expand), contract: left(contract) };
    const named = [...todo, ...pending.expand, ...pending.contract];
    return {
      fresh,
      newest,
      pending,
      applied: todo,
      irreversible: irreversible.filter((file) => named.includes(file)),
    };
  }
}
