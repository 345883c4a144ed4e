import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { withLock } from './lock.ts';
import type { Report } from './report.ts';

/** The folder for everything that can be made again: XDG_CACHE_HOME (or ~/.cache) /cryptosense. */
export function cacheRoot(): string {
  const base = process.env.XDG_CACHE_HOME;
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.cache'), 'cryptosense');
}

/** The key of a cached directory: the inputs in order, each with its length so that none runs into the next. */
export function cacheKey(inputs: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const input of inputs) {
    const bytes = typeof input === 'string' ? Buffer.from(input) : input;
    hash.update(`${bytes.byteLength}:`).update(bytes);
  }
  return hash.digest('hex').slice(0, 24);
}

const sayOnStderr: Report = (line) => process.stderr.write(`${line}\n`);

/**
 * The finished directory for `inputs`, built once. `build` fills a temporary sibling that is renamed into place
 * when it resolves, so that what is found under the final name is always whole: after Ctrl-C the next run starts
 * this build afresh and keeps every other. Two processes at once: the second waits, and says so.
 */
export async function cached(
  kind: string,
  inputs: (string | Uint8Array)[],
  build: (dir: string) => Promise<void>,
  report: Report = sayOnStderr,
): Promise<string> {
  const folder = join(cacheRoot(), kind);
  const key = cacheKey(inputs);
  const finished = join(folder, key);
  if (existsSync(finished)) return finished;
  return withLock(`${finished}.lock`, `building ${kind}`, report, async () => {
    if (existsSync(finished)) return finished;
    await removePartials(folder, key);
    const partial = `${finished}.partial-${process.pid}`;
    await mkdir(partial, { recursive: true });
    try {
      await build(partial);
      await rename(partial, finished);
    } catch (error) {
      await rm(partial, { recursive: true, force: true });
      throw error;
    }
    return finished;
  });
}

/** Leftovers of builds that were killed; only the lock's holder may call it. */
async function removePartials(folder: string, key: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith(`${key}.partial-`)) await rm(join(folder, name), { recursive: true, force: true });
  }
}
