import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheKey } from './cache.ts';

/** One image of the project: how it is built, and what its content depends on. */
export interface ImageRecipe {
  /** The name that manifests and examples use, with its tag. */
  name: string;
  dockerfile: string;
  /** The build context, relative to the checkout; with an `entry` made of `sources` and what the entry imports. */
  context: string;
  /** What `npm start` does without, for tests: built when it is asked for by name. */
  onlyByName?: true;
  /** The program that is bundled into it. */
  entry?: string;
  /** The web page that is bundled beside it, where it needs packages of its own. */
  page?: string;
  args: Record<string, string>;
  /**
   * The files and folders, relative to the checkout, that decide what is in it, besides the Dockerfile.
   * node_modules stands there as the lock file: whatever is installed follows from it.
   */
  sources: string[];
}

const bundled = ['images/bundle.ts', 'images/runtime', 'package.json', 'package-lock.json'] as const;
const webPage = ['images/web-page.ts', 'images/web-page.css'] as const;

function api(version: string, entry = 'app/main.ts'): ImageRecipe {
  return {
    name: `cryptosense-api:${version}`,
    dockerfile: 'images/api.Dockerfile',
    context: '.',
    entry,
    args: { VERSION: version, ENTRY: entry },
    sources: [...bundled, ...webPage, 'app', 'test/faulty-release'],
  };
}

function operator(version: string, entry = 'operator/main.ts'): ImageRecipe {
  return {
    name: `cryptosense-operator:${version}`,
    dockerfile: 'images/operator.Dockerfile',
    context: '.',
    entry,
    args: { VERSION: version, ENTRY: entry },
    page: 'dashboard/client/main.tsx',
    sources: [...bundled, ...webPage, 'charts', 'operator', 'dashboard', 'test/later-operator'],
  };
}

function packaged(component: string, ...folders: string[]): ImageRecipe {
  return {
    name: `cryptosense-${component}:dev`,
    dockerfile: `images/${component}.Dockerfile`,
    context: 'images',
    args: {},
    sources: folders,
  };
}

/** PostgreSQL, and the program that takes its backups: pgBackRest has to be of one version on both sides. */
function database(): ImageRecipe {
  const entry = 'backup/main.ts';
  return {
    name: 'cryptosense-database:dev',
    dockerfile: 'images/database.Dockerfile',
    context: '.',
    entry,
    args: {},
    sources: [...bundled, 'images/database', 'backup', 'operator/api', 'operator/backup', 'operator/restore'],
  };
}

/** Version of an operator with other charts, to which tests upgrade. */
export const LATER = 'later';

/**
 * Every image, those that others share layers with first. The three releases of the API are what the demonstration
 * and the tests roll out: the same source twice under two versions, and one that fails on purpose.
 */
export const recipes: readonly ImageRecipe[] = [
  api('1.0.0'),
  api('1.1.0'),
  api('1.2.0-faulty', 'test/faulty-release/main.ts'),
  operator('dev'),
  { ...operator(LATER, 'test/later-operator/main.ts'), onlyByName: true },
  packaged('pooler', 'images/runtime', 'images/pooler'),
  packaged('cache', 'images/runtime', 'images/cache'),
  packaged('exporters', 'images/runtime', 'images/exporters'),
  database(),
];

/**
 * The key of an image's content: the Dockerfile, the arguments, the base image and every source file by path,
 * mode and bytes. The same key is the same image, in whichever checkout it was built.
 */
export async function contentKey(root: string, recipe: ImageRecipe, baseId: string): Promise<string> {
  const inputs: (string | Uint8Array)[] = [baseId, JSON.stringify(recipe.args), recipe.context];
  for (const path of [recipe.dockerfile, ...recipe.sources]) {
    for (const file of await filesUnder(root, path)) {
      const { mode } = await stat(join(root, file));
      inputs.push(file, (mode & 0o111).toString(8), await readFile(join(root, file)));
    }
  }
  return cacheKey(inputs);
}

async function filesUnder(root: string, path: string): Promise<string[]> {
  const found = await stat(join(root, path)).catch(() => undefined);
  // A missing source is said by the build, with the Dockerfile's line; the key only has to change when it appears.
  if (found === undefined) return [];
  if (found.isFile()) return [path];
  const names = await readdir(join(root, path), { recursive: true, withFileTypes: true });
  return names
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}
