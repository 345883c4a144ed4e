import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';

const root = dirname(import.meta.dirname);
/** What is sent as it is. */
const COPIED = new Set(['.html', '.svg']);
/** What the style of every page begins with. */
const BASE_STYLE = join(import.meta.dirname, 'web-page.css');
const STYLE = 'style.css';

function settings(entry: string) {
  return {
    entryPoints: [join(root, entry)],
    absWorkingDir: root,
    bundle: true,
    platform: 'browser',
    // light-dark() of the style is newer than any syntax of the scripts.
    target: 'es2022',
    format: 'esm',
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    // The one beside the sources extends the repository's, which a build context does not have.
    tsconfigRaw: '{}',
  } satisfies BuildOptions;
}

/**
 * Writes a web page into a folder: the scripts that `entry` begins with (relative to the repository's root) in one main.js,
 * the style beside it after that of all pages, and what else lies there as it is.
 */
export async function bundleWebPage(entry: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await build({ ...settings(entry), outfile: join(folder, 'main.js') });
  const client = join(root, dirname(entry));
  for (const name of await readdir(client))
    if (COPIED.has(extname(name))) await copyFile(join(client, name), join(folder, name));
  const styles = [BASE_STYLE, join(client, STYLE)].map((path) => readFile(path, 'utf8'));
  await writeFile(join(folder, STYLE), (await Promise.all(styles)).join('\n'));
}

/** The files that `bundleWebPage` bundles, relative to the repository's root; writes nothing. */
export async function pageInputsOf(entry: string): Promise<string[]> {
  const { metafile } = await build({ ...settings(entry), outdir: root, write: false, metafile: true });
  return Object.keys(metafile.inputs);
}

if (process.argv[1] === import.meta.filename) {
  const [, , entry, folder] = process.argv;
  if (entry === undefined || folder === undefined) {
    console.error('Usage: node images/web-page.ts <main.ts> <folder>');
    process.exitCode = 2;
  } else {
    await bundleWebPage(entry, folder);
  }
}
