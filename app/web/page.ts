import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file of the web page, as it is sent. */
export interface PageFile {
  readonly content: string;
  readonly type: string;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.ts': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Read from source alone; images/web-page.ts has it in the bundled style. */
const baseStyle = new URL('../../images/web-page.css', import.meta.url);

/**
 * The files of the page by name, read once. In an image they lie beside the bundle, with all scripts in one main.js. Run from
 * source, the scripts are served one by one with their types taken out, and main.ts as main.js, and the style after that of all pages.
 */
export function readPage(): ReadonlyMap<string, PageFile> {
  const besideBundle = fileURLToPath(new URL('./web', import.meta.url));
  const folder = existsSync(join(besideBundle, 'index.html'))
    ? besideBundle
    : fileURLToPath(new URL('./client', import.meta.url));
  const isBundled = folder === besideBundle;
  const files = new Map<string, PageFile>();
  for (const name of readdirSync(folder)) {
    const type = types[extname(name)];
    if (type === undefined) continue;
    const own = readFileSync(join(folder, name), 'utf8');
    const text = name === 'style.css' && !isBundled ? `${readFileSync(baseStyle, 'utf8')}\n${own}` : own;
    const content = name.endsWith('.ts') ? nodeModule.stripTypeScriptTypes(text) : text;
    files.set(name === 'main.ts' ? 'main.js' : name, { content, type });
  }
  return files;
}
