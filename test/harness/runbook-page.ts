import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from '../../local/checkout.ts';
import { parsePage } from '../unit/docs/pages.ts';

/** What the pages of docs/runbooks call NS, ENV, DB and OTHER. */
export type Variables = Readonly<Record<'NS' | 'ENV', string> & Partial<Record<'DB' | 'OTHER', string>>>;

/** A command that fails ends it; only a search that finds nothing does not. */
export const STRICT = 'set -eo pipefail\ngrep() { command grep "$@" || [ $? = 1 ]; }\n';

/** The text of a page; `name` is without its ending. */
export function readRunbook(name: string): string {
  return readFileSync(join(checkout, 'docs', 'runbooks', `${name}.md`), 'utf8');
}

/** The blocks of shell under a heading of the second level, up to the next. Throws when there is none. */
export function shellUnder(page: string, heading: string): string[] {
  const blocks = shellIn(sectionOf(page, heading));
  if (blocks.length === 0) throw new Error(`nothing to run under "${heading}" of:\n${page}`);
  return blocks;
}

/** The one block of shell that has these words. Throws when there is none, or another. */
export function shellWith(page: string, words: string): string {
  const [block, another] = shellIn(page).filter((text) => text.includes(words));
  if (block === undefined || another !== undefined)
    throw new Error(`${block === undefined ? 'no' : 'more than one'} block has "${words}" of:\n${page}`);
  return block;
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
  // The page's own values are those of an example.
  let text = block.replaceAll(/^(?:(?:NS|ENV|DB|OTHER)=\S+ ?)+$/gm, '');
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
