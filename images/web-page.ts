import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { build } from 'esbuild';

const client = join(import.meta.dirname, '../app/web/client');
/** What is sent as it is. */
const COPIED = new Set(['.html', '.css', '.svg']);

/** Writes the web page of the API into a folder: its scripts in one main.js, the rest as it is. */
export async function bundleWebPage(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await build({
    entryPoints: [join(client, 'main.ts')],
    outfile: join(folder, 'main.js'),
    bundle: true,
    platform: 'browser',
    // light-dark() of the style is newer than any syntax of the scripts.
    target: 'es2022',
    format: 'esm',
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
    // The one beside the sources extends the repository's, which a build context does not have.
    tsconfigRaw: '{}',
  });
  for (const name of await readdir(client))
    if (COPIED.has(extname(name))) await copyFile(join(client, name), join(folder, name));
}

if (process.argv[1] === import.meta.filename) {
  const [, , folder] = process.argv;
  if (folder === undefined) {
    console.error('Usage: node images/web-page.ts <folder>');
    process.exitCode = 2;
  } else {
    await bundleWebPage(folder);
  }
}
