import { existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type BuildOptions, build, type Plugin } from 'esbuild';

const PACKAGE = '@kubernetes/client-node';

// Some dependencies are CommonJS and call require() for Node's own modules, which an ES module does not have.
const requireBanner =
  "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);";

/**
 * client-node's only file of exports brings in every client of every API group. Nothing of it acts by being imported, which its
 * package.json does not say: what is not used can be left out.
 */
export const onlyWhatIsUsed: Plugin = {
  name: 'only-what-is-used',
  setup(build) {
    const inside = Symbol('inside');
    build.onResolve({ filter: /^[.@]/ }, async ({ path, pluginData, ...options }) => {
      const isOf = path === PACKAGE || options.importer.includes(`/node_modules/${PACKAGE}/`);
      if (pluginData === inside || !isOf) return undefined;
      return { ...(await build.resolve(path, { ...options, pluginData: inside })), sideEffects: false };
    });
  },
};

function settings(entry: string) {
  return {
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    banner: { js: requireBanner },
    sourcemap: 'external',
    // Names stay: they are in stack traces and in the names of errors.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [onlyWhatIsUsed],
  } satisfies BuildOptions;
}

/**
 * Bundles a program and everything it imports into one ES module with its source map, and WebAssembly, beside it: an image then needs no
 * node_modules and starts in two thirds of the time. Throws esbuild's BuildFailure.
 */
export async function bundle(entry: string, outfile: string): Promise<void> {
  const { metafile } = await build({ ...settings(entry), outfile, metafile: true });
  for (const wasm of webAssemblyOf(Object.keys(metafile.inputs), process.cwd()))
    await copyFile(wasm, join(dirname(outfile), basename(wasm)));
}

/** The files that `bundle` reads, relative to the repository's root; writes nothing. */
export async function inputsOf(entry: string): Promise<string[]> {
  const root = dirname(import.meta.dirname);
  const { metafile } = await build({
    ...settings(entry),
    absWorkingDir: root,
    outdir: root,
    write: false,
    metafile: true,
  });
  const modules = Object.keys(metafile.inputs);
  return [...modules, ...webAssemblyOf(modules, root)];
}

/** A module made by wasm-bindgen reads `<its name>_bg.wasm` from beside itself, which a bundler does not see. */
function webAssemblyOf(modules: readonly string[], root: string): string[] {
  return modules
    .map((module) => module.replace(/\.js$/, '_bg.wasm'))
    .filter((file) => file.endsWith('_bg.wasm') && existsSync(join(root, file)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [entry, outfile] = parseArgs({ allowPositionals: true }).positionals;
  if (entry === undefined || outfile === undefined) {
    console.error('Usage: node images/bundle.ts <entry.ts> <outfile.mjs>');
    process.exitCode = 2;
  } else {
    await bundle(entry, outfile);
  }
}
