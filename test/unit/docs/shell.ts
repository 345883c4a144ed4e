import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Page, pages, root } from './pages.ts';
import { type Command, type Recording, recorded } from './recorded.ts';

/** What a reader of the page types: `sh` blocks, and what stands after the prompt in `console` blocks. */
export function shellOf({ blocks }: Pick<Page, 'blocks'>): string {
  return blocks
    .flatMap(({ language, text }) => {
      if (language === 'sh') return [text];
      if (language !== 'console') return [];
      return [...text.matchAll(/^\$ (.*)$/gm)].map(([, line = '']) => line);
    })
    .join('\n');
}

/** What the comment above an example says to type: lines that are indented further, and what they go on with. */
function shellOfExample(text: string): string {
  const [comment = ''] = text.split('apiVersion:', 1);
  const typed = comment.matchAll(/^# {3,}((?:kubectl|npm) (?:.*\\\n# +)*.*)$/gm);
  return [...typed].map(([, command = '']) => command.replaceAll(/\\\n# +/g, '')).join('\n');
}

/** Every page and every example, as the shell takes it. */
export function recordings(): (Recording & { page: string })[] {
  const texts = pages().map((page) => ({ page: page.path, shell: shellOf(page) }));
  for (const path of globSync('examples/**/*.yaml', { cwd: root }).sort())
    texts.push({ page: path, shell: shellOfExample(readFileSync(join(root, path), 'utf8')) });
  return texts
    .filter(({ shell }) => shell !== '')
    .map(({ page, shell }) => ({ page, ...recorded(page, shell) }));
}

/** A command to the project's own command line, however it is called; undefined for any other. */
export function cryptosenseArgs({ program, args }: Command): string[] | undefined {
  if (program === 'kubectl-cryptosense') return args;
  if (program === 'kubectl' && args[0] === 'cryptosense') return args.slice(1);
  if (program !== 'npm') return undefined;
  const [script, ...rest] = args.filter((word) => !['run', '-s', '--silent', '--'].includes(word));
  if (script === 'cryptosense') return rest;
  return script === 'plan' ? ['plan', ...rest] : undefined;
}
