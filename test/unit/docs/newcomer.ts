import { parsePage } from './pages.ts';

/** Heading of the part of the README that a newcomer types from its first line to its last. */
const SECTION = '## Ten minutes with it';

/** Its commands in their order, a line each, as they are typed: without the remarks behind them. */
export function newcomersPath(readme: string): string[] {
  const [, after = ''] = readme.split(`${SECTION}\n`);
  const [section = ''] = after.split(/^## /m);
  return parsePage('README.md', section)
    .blocks.filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.split('\n'))
    .map((line) => line.replace(/\s+# .*$/, '').trim())
    .filter(Boolean);
}
