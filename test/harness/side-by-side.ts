import type { Suite } from './suite.ts';

type Stories = Readonly<Record<string, () => Promise<void>>>;

/**
 * Tests of which each chain's run one after another, and the chains beside each other. The first test that is run begins
 * all of them; each then says how its own story ended.
 */
export function sideBySide(test: Suite, ...chains: readonly Stories[]): void {
  let told: Map<string, Promise<void>> | undefined;
  for (const name of chains.flatMap((chain) => Object.keys(chain))) {
    test(name, () => {
      told ??= new Map(chains.flatMap(begun));
      return told.get(name);
    });
  }
}

/** The end of each story. One that fails does not keep the next from being told. */
function begun(chain: Stories): [string, Promise<void>][] {
  let before: Promise<unknown> = Promise.resolve();
  return Object.entries(chain).map(([name, story]) => {
    const told = before.then(story);
    before = told.catch(() => {});
    return [name, told];
  });
}
