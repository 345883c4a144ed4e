// Applies patches/ to node_modules after an installation. Plain JavaScript, as install.mjs is.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const program = join(root, 'node_modules', 'patch-package', 'index.js');
// npm runs this as well when it has written the lock file alone and installed nothing.
if (existsSync(program)) {
  const { status } = spawnSync(process.execPath, [program, '--error-on-fail'], {
    cwd: root,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}
