import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';

const root = dirname(import.meta.dirname);
/** What is sent as it is. */
const COPIED = new Set(['.html', '.css', '.svg']);

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
 * and what lies beside it as it is.
 */
export async function bundleWebPage(entry: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await build({ ...settings(entry), outfile: join(folder, 'main.js') });
  const client = join(root, dirname(entry));
  for (const name of await readdir(client))
    if (COPIED.has(extname(name))) await copyFile(join(client, name), join(folder, name));
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
