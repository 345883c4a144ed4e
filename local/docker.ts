import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheKey, cacheRoot } from './cache.ts';
import { ask, type CommandOptions, command } from './command.ts';
import type { Report } from './report.ts';

/** Whether an engine answers at this address. */
export async function answers(dockerHost: string): Promise<boolean> {
  const env = { DOCKER_HOST: dockerHost };
  const version = await ask('docker', ['version', '--format', '{{.Server.Version}}'], {
    env,
    timeoutMs: 5_000,
  });
  return version !== undefined && version.trim() !== '';
}

/** The environment of docker commands. The classic builder: buildx is not there with every client. */
export function dockerEnv(dockerHost: string): Record<string, string> {
  return { DOCKER_HOST: dockerHost, DOCKER_BUILDKIT: '0' };
}

/** Runs a docker command against this engine. */
export function docker(dockerHost: string, args: string[], options: CommandOptions): Promise<string> {
  return command('docker', args, { ...options, env: { ...dockerEnv(dockerHost), ...options.env } });
}

/** The id of a local image, or undefined when there is none of that name. */
export async function imageId(dockerHost: string, tag: string): Promise<string | undefined> {
  const env = { DOCKER_HOST: dockerHost };
  return (await ask('docker', ['image', 'inspect', '--format', '{{.Id}}', tag], { env }))?.trim();
}

const PROBE_IMAGE = 'hello-world';
const PROBE_LASTS_MS = 15 * 60_000;

/** Whether an ordinary image can be pulled; asked of the engine at most once in a quarter of an hour. */
export async function hasRegistry(dockerHost: string, report: Report): Promise<boolean> {
  const file = join(cacheRoot(), `registry-${cacheKey([dockerHost]).slice(0, 8)}.json`);
  const known = await remembered(file);
  if (known !== undefined) return known;
  report('trying to pull an ordinary image');
  const env = { DOCKER_HOST: dockerHost };
  const pulled = await ask('docker', ['pull', '--quiet', PROBE_IMAGE], { env, timeoutMs: 8_000 });
  await mkdir(cacheRoot(), { recursive: true });
  await writeFile(file, JSON.stringify({ pulled: pulled !== undefined, at: Date.now() }));
  return pulled !== undefined;
}

async function remembered(file: string): Promise<boolean | undefined> {
  try {
    const found = JSON.parse(await readFile(file, 'utf8')) as { pulled: boolean; at: number };
    return Date.now() - found.at < PROBE_LASTS_MS ? found.pulled : undefined;
  } catch {
    return undefined;
  }
}
