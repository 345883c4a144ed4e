import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { onlyWhatIsUsed } from '../images/bundle.ts';
import { KUBECTL_COMPLETION } from './completion/scripts.ts';

const root = join(import.meta.dirname, '..');

/** Before anything is loaded that an older Node does not understand. */
const VERSION_CHECK = `if(Number(process.versions.node.split('.')[0])<22){console.error('kubectl cryptosense needs Node 22.19 or newer, and this is '+process.versions.node+': install it, or put it first on the PATH.');process.exit(3)}`;

/**
 * Writes the plug-in as one file, and the one that kubectl asks for completion, into `folder`; returns their paths.
 * CommonJS, because a file without an extension is that to Node wherever it lies.
 */
export async function buildPlugin(folder: string): Promise<{ plugin: string; completion: string }> {
  const plugin = join(folder, 'kubectl-cryptosense');
  const completion = join(folder, 'kubectl_complete-cryptosense');
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: [join(root, 'cli', 'main.ts')],
    outfile: plugin,
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    banner: { js: VERSION_CHECK },
    minify: true,
    keepNames: true,
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [onlyWhatIsUsed],
  });
  writeFileSync(completion, KUBECTL_COMPLETION);
  // For who runs it where it was built: the project's own package.json calls everything below it an ES module.
  writeFileSync(join(folder, 'package.json'), '{"type":"commonjs"}\n');
  for (const file of [plugin, completion]) chmodSync(file, 0o755);
  return { plugin, completion };
}

if (import.meta.main) {
  const { plugin, completion } = await buildPlugin(join(root, 'dist', 'bin'));
  console.log(`wrote ${plugin} and ${completion}: put dist/bin on your PATH`);
}
