import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface PageFile {
  content: Buffer;
  type: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Beside the bundled program, where the image's build writes it. */
const BESIDE_PROGRAM = fileURLToPath(new URL('./dashboard', import.meta.url));

/** The files of the page by the path under which they are asked for, read once. Throws when the page was not built. */
export function readPage(folder: string = BESIDE_PROGRAM): ReadonlyMap<string, PageFile> {
  if (!existsSync(join(folder, 'index.html')))
    throw new Error(`there is no page in ${folder}: images/web-page.ts builds it`);
  const files = new Map<string, PageFile>();
  for (const name of readdirSync(folder)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const path = name === 'index.html' ? '/' : `/assets/${name}`;
    files.set(path, { content: readFileSync(join(folder, name)), type });
  }
  return files;
}
