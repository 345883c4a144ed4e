// The first step of every npm script: plain JavaScript, because on a fresh machine it runs under
// whatever Node is there (20 or newer) and before node_modules exists.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lock = join(root, 'package-lock.json');
// A patch that is new or changed needs a clean copy of what it patches.
const patches = join(root, 'patches');
const installed = join(root, 'node_modules', '.package-lock.json');

function upToDate() {
  // Without a lock there is nothing to compare with: install.
  if (!existsSync(installed) || !existsSync(lock)) return false;
  const sources = [lock, ...readdirSync(patches).map((name) => join(patches, name))];
  return sources.every((source) => statSync(installed).mtimeMs >= statSync(source).mtimeMs);
}

const major = Number(process.versions.node.split('.')[0]);
if (major < 20) {
  console.error(
    `Node ${process.versions.node} is too old: install Node 20 or newer and run the command again.`,
  );
  process.exit(1);
}
if (!upToDate()) {
  const started = Date.now();
  console.log('Installing the npm packages of package-lock.json ...');
  const npm = process.env.npm_execpath;
  const [command, args] = npm ? [process.execPath, [npm, 'ci']] : ['npm', ['ci']];
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (result.status !== 0) {
    console.error(
      'npm ci failed: see its message above; check that the npm registry can be reached, then run the command again.',
    );
    process.exit(result.status ?? 1);
  }
  console.log(`Installed in ${Math.round((Date.now() - started) / 1000)} s.`);
}
