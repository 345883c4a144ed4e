import { suite as uvuSuite } from 'uvu';

type Handler = () => unknown;

/** Once for the suite, or with `each` around every test of it. */
export type Hook = ((handler: Handler) => void) & { each: (handler: Handler) => void };

export interface Suite {
  (name: string, handler: Handler): void;
  before: Hook;
  after: Hook;
  /** Leaves a test out and prints why: a skipped test without a reason is a forgotten one. */
  skip(name: string, reason: string): void;
  run(): void;
}

/** What one test file tells the runner beyond what uvu counts. */
export const report = { suites: 0, filtered: 0, hookErrors: [] as string[] };

/**
 * A uvu suite that can be filtered by name (TEST_FILTER, case-insensitive, on "suite test"), whose failing hooks
 * are failures (uvu swallows them), and whose hooks do not run when no test of it was asked for.
 */
export function suite(name: string): Suite {
  const inner = uvuSuite(name);
  const filter = process.env.TEST_FILTER?.toLowerCase();
  let wanted = 0;
  const isWanted = (test: string) => !filter || `${name} ${test}`.toLowerCase().includes(filter);

  const add = (test: string, handler: Handler) => {
    if (!isWanted(test)) {
      report.filtered += 1;
      return;
    }
    wanted += 1;
    inner(test, async () => {
      try {
        await handler();
      } catch (error) {
        // uvu prints no cause, and a property test's counterexample is explained there alone.
        if (error instanceof Error && error.cause) error.message += `\n    because: ${String(error.cause)}`;
        throw printable(error);
      }
    });
  };
  const hook = (kind: 'before' | 'after', handler: Handler) => async () => {
    try {
      await handler();
    } catch (error) {
      report.hookErrors.push(
        `${kind} hook of "${name}": ${error instanceof Error ? error.stack : String(error)}`,
      );
      throw error;
    }
  };

  return Object.assign(add, {
    before: Object.assign((handler: Handler) => inner.before(hook('before', handler)), {
      each: (handler: Handler) => inner.before.each(hook('before', handler)),
    }),
    after: Object.assign((handler: Handler) => inner.after(hook('after', handler)), {
      each: (handler: Handler) => inner.after.each(hook('after', handler)),
    }),
    skip: (test: string, reason: string) => {
      if (!isWanted(test)) return;
      wanted += 1;
      console.log(`skipped: ${name}: ${test} (${reason})`);
      inner.skip(test, () => {});
    },
    run: () => {
      report.suites += 1;
      if (wanted > 0) inner.run();
    },
  });
}

/** uvu takes `details` of an error for text and breaks on anything else, with the reason of the failure unprinted. */
function printable(error: unknown): unknown {
  if (!(error instanceof Error) || !('details' in error) || typeof error.details === 'string') return error;
  const plain = new Error(error.message);
  if (error.stack !== undefined) plain.stack = error.stack;
  return plain;
}
