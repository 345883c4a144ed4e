import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import type { Result } from './shell.ts';

/** The files of the bundle that `support` writes, by their path inside it, and what it said. */
export async function bundleOf(
  support: (file: string) => Promise<Result>,
): Promise<Result & { files: Map<string, string> }> {
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-support-'));
  try {
    const file = join(folder, 'bundle.tar.gz');
    const result = await support(file);
    const files = result.exitCode === 0 ? await filesOf(readFileSync(file)) : new Map<string, string>();
    return { ...result, files };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function filesOf(bundle: Buffer): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const archive = extract();
  archive.end(gunzipSync(bundle));
  for await (const entry of archive) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    files.set(entry.header.name.replace(/^[^/]+\//, ''), Buffer.concat(chunks).toString('utf8'));
  }
  return files;
}
