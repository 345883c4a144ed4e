import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..', '..');

/** A Markdown file of the project, and the parts of it that can be wrong. */
export interface Page {
  /** Relative to the repository. */
  path: string;
  /** Targets of links and images, as they are written. */
  links: string[];
  /** Anchors that a link can name, as GitHub makes them of headings. */
  anchors: Set<string>;
  /** Fenced blocks with their language. */
  blocks: { language: string; text: string }[];
  /** Code between backticks in the text. */
  spans: string[];
  /** Cells of the rows of all tables, without the rows of dashes. */
  rows: string[][];
}

export function pages(): Page[] {
  const paths = globSync(['README.md', 'CONTRIBUTING.md', '{images,examples}/README.md', 'docs/**/*.md'], {
    cwd: root,
  });
  return paths.sort().map((path) => parsePage(path, readFileSync(join(root, path), 'utf8')));
}

const FENCE = /^([ \t]*)```(\w*)\n([\s\S]*?)^[ \t]*```$/gm;

export function parsePage(path: string, markdown: string): Page {
  const blocks = [...markdown.matchAll(FENCE)].map(([, indent = '', language = '', text = '']) => ({
    language,
    text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
  const prose = markdown.replaceAll(FENCE, '');
  const unquoted = prose.replaceAll(/`[^`\n]+`/g, 'code');
  return {
    path,
    blocks,
    links: [...unquoted.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target),
    anchors: new Set([...prose.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => anchorOf(heading))),
    spans: [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span),
    rows: [...prose.matchAll(/^ *\|(.+)\| *$/gm)]
      .map(([, row = '']) => row.split('|').map((cell) => cell.trim()))
      .filter((cells) => !cells.every((cell) => /^-*$/.test(cell))),
  };
}

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}
