import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import { checkout } from '../../../local/checkout.ts';
import { parsePage } from '../../unit/docs/pages.ts';

/** What the pages call NS, ENV and DB. */
export interface Variables {
  readonly NS: string;
  readonly ENV: string;
  readonly DB?: string;
}

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
  const page = readFileSync(join(checkout, 'docs', 'runbooks', `${name}.md`), 'utf8');
  return {
    look: async (...mayFail) => {
      const blocks = shellIn(sectionOf(page, 'Look'));
      if (blocks.length === 0) throw new Error(`${name}: nothing to run under "Look"`);
      return run(name, blocks.map((block) => forgiving(filled(block, variables), mayFail)).join('\n'));
    },
    run: (words, filledIn = {}) => {
      const [block, another] = shellIn(page).filter((text) => text.includes(words));
      if (block === undefined || another !== undefined)
        throw new Error(`${name}: ${block === undefined ? 'no' : 'more than one'} block has "${words}"`);
      return run(name, filled(block, variables, filledIn));
    },
  };
}

/** From a heading of the second level to the next. */
export function sectionOf(page: string, heading: string): string {
  const [, ...sections] = page.split(/^## /m);
  return sections.find((section) => section.startsWith(`${heading}\n`)) ?? '';
}

function shellIn(markdown: string): string[] {
  return parsePage('', markdown).blocks.flatMap(({ language, text }) => (language === 'sh' ? [text] : []));
}

/** The block with the reader's names: a text to be filled in that is not there means that the page has changed. */
export function filled(
  block: string,
  variables: Variables,
  filledIn: Readonly<Record<string, string>> = {},
): string {
  let text = block.replaceAll(/^NS=\S+ ENV=\S+( DB=\S+)?$/gm, '');
  for (const [from, to] of Object.entries(filledIn)) {
    if (!text.includes(from)) throw new Error(`"${from}" is not in the block:\n${block}`);
    text = text.replaceAll(from, to);
  }
  const names = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  return `${names.join(' ')}\n${text}`;
}

/** The block whose lines with one of these words go on when they fail. */
export function forgiving(block: string, words: readonly string[]): string {
  for (const word of words)
    if (!block.includes(word)) throw new Error(`"${word}" is not in the block:\n${block}`);
  const lines = block.split('\n');
  return lines
    .map((line) => (words.some((word) => line.includes(word)) ? `{ ${line}\n} || true` : line))
    .join('\n');
}

/** A command that fails ends it; only a search that finds nothing does not. */
const STRICT = 'set -eo pipefail\ngrep() { command grep "$@" || [ $? = 1 ]; }\n';

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
