import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import { checkout } from '../../../local/checkout.ts';
import {
  filled,
  forgiving,
  readRunbook,
  STRICT,
  shellUnder,
  shellWith,
  type Variables,
} from '../../harness/runbook-page.ts';

/** A page of docs/runbooks as somebody at night has it: shell to copy, with a few names to be put in. */
export interface Runbook {
  /**
   * Runs every command under the heading Look, in its order; what they printed. Lines that have one of `mayFail` may: what
   * they ask for is not there, which is what the fault is about.
   */
  look(...mayFail: string[]): Promise<string>;
  /**
   * Runs the one block of shell that has these words. `filledIn` are texts of the block and what takes their place: names
   * that a person fills in, and times that are scaled as those of the rules are.
   */
  run(words: string, filledIn?: Readonly<Record<string, string>>): Promise<string>;
}

/** `name` is that of the page, without its ending. */
export function runbook(name: string, variables: Variables): Runbook {
  const page = readRunbook(name);
  return {
    look: async (...mayFail) => {
      const blocks = shellUnder(page, 'Look').map((block) => forgiving(filled(block, variables), mayFail));
      return run(name, blocks.join('\n'));
    },
    run: async (words, filledIn = {}) => run(name, filled(shellWith(page, words), variables, filledIn)),
  };
}

async function run(name: string, script: string): Promise<string> {
  const kubectl = process.env.CRYPTOSENSE_KUBECTL ?? 'kubectl';
  const plugins = mkdtempSync(join(tmpdir(), 'cryptosense-plugin-'));
  try {
    const cli = join(checkout, 'cli', 'main.ts');
    const plugin = `#!/bin/sh\nexec "${process.execPath}" "${cli}" "$@"\n`;
    writeFileSync(join(plugins, 'kubectl-cryptosense'), plugin, { mode: 0o755 });
    const PATH = [plugins, dirname(kubectl), process.env.PATH].join(delimiter);
    const { exitCode, all } = await execa('bash', ['-c', STRICT + script], {
      env: { PATH, KUBECONFIG: process.env.CRYPTOSENSE_TEST_KUBECONFIG ?? '' },
      all: true,
      reject: false,
      stdin: 'ignore',
      timeout: 300_000,
    });
    if (exitCode !== 0) throw new Error(`${name}: exit code ${exitCode} of\n${script}\n${all}`);
    return all;
  } finally {
    rmSync(plugins, { recursive: true, force: true });
  }
}
