import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inputsOf } from '../images/bundle.ts';
import { pageInputsOf } from '../images/web-page.ts';
import { cacheRoot } from './cache.ts';
import { checkout } from './checkout.ts';
import { command } from './command.ts';

/** What runs in the build stage, beside the sources and what they import. */
const tools = [
  'node_modules/esbuild/package.json',
  'node_modules/esbuild/lib/main.js',
  `node_modules/@esbuild/linux-${process.arch}`,
  `node_modules/node-linux-${process.arch}/bin/node`,
];

/**
 * Runs `work` with a build context as one tar: `sources`, and of node_modules only the files that bundling `entry`
 * and `page` reads, a seventh of what the whole folder would send. An engine that unpacks a context takes longer by the number
 * of files than by their size.
 */
export async function withBundleContext<T>(
  { entry, page }: { entry: string; page?: string | undefined },
  sources: readonly string[],
  work: (tar: string) => Promise<T>,
): Promise<T> {
  const scratch = await mkdtemp(join(cacheRoot(), 'context-'));
  try {
    const [list, tar] = [join(scratch, 'files'), join(scratch, 'context.tar')];
    await writeFile(list, (await contextFiles(entry, page, sources)).join('\n'));
    await command('tar', ['-C', checkout, '-cf', tar, '-T', list], { step: 'Writing a build context' });
    return await work(tar);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Every file of the context once, relative to the checkout. */
async function contextFiles(
  entry: string,
  page: string | undefined,
  sources: readonly string[],
): Promise<string[]> {
  const inputs = [...(await inputsOf(entry)), ...(page === undefined ? [] : await pageInputsOf(page))];
  const imported = inputs.filter((path) => path.startsWith('node_modules/'));
  const files = new Set([...imported, ...imported.flatMap(packageFiles)]);
  for (const path of [...sources, ...tools]) for (const file of await filesOf(path)) files.add(file);
  return [...files].sort();
}

/** The package.json files that say how a module is to be read: of its package, and of folders within it. */
function packageFiles(module: string): string[] {
  const found: string[] = [];
  for (let folder = dirname(module); folder !== 'node_modules' && folder !== '.'; folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    if (existsSync(join(checkout, path))) found.push(path);
  }
  return found;
}

async function filesOf(path: string): Promise<string[]> {
  if (!(await stat(join(checkout, path))).isDirectory()) return [path];
  const entries = await readdir(join(checkout, path), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(checkout.length + 1));
}
