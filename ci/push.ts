// node ci/push.ts --image cryptosense-api --file images/api.Dockerfile --context . --version 1.2.3
// Builds an image, pushes it to REGISTRY, and hands on its address with its digest: a tag can be moved, a digest cannot.
import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Failure, main, output, required } from './report.ts';

const REGISTRY = /^[a-z0-9][a-z0-9._-]*(:\d+)?(\/[a-z0-9][a-z0-9._-]*)*$/;

/** Throws Failure where `registry` is none. Both without a slash at the end. */
export function addressOf(registry: string, image: string): string {
  const base = registry.replace(/\/+$/, '');
  if (!REGISTRY.test(base))
    throw new Failure(
      `REGISTRY is "${registry}": write the host, and the folder on it, as in registry.example.com/shop, without https://.`,
    );
  return `${base}/${image}`;
}

/** The address with the digest that the registry gave it, out of what `docker image inspect` knows. Throws Failure. */
export function pinned(address: string, repoDigests: readonly string[]): string {
  const found = repoDigests.find((one) => one.startsWith(`${address}@sha256:`));
  if (found === undefined)
    throw new Failure(`The registry gave no digest for ${address}: look at the output of docker push.`);
  return found;
}

function docker(...args: string[]): string {
  try {
    return execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  } catch (error) {
    const code = (error as { status?: number }).status;
    throw new Failure(`docker ${args[0]} failed (exit code ${code ?? 'none'}): its words are above.`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  await main(() => {
    const { values } = parseArgs({
      options: {
        image: { type: 'string' },
        file: { type: 'string' },
        context: { type: 'string', default: '.' },
        version: { type: 'string' },
      },
    });
    const { image, file, context, version } = values;
    if (!image || !file || !version)
      throw new Failure(
        'Usage: node ci/push.ts --image NAME --file DOCKERFILE [--context FOLDER] --version VERSION',
      );
    const address = addressOf(required('REGISTRY', 'it is a variable of the repository'), image);
    const commit = process.env.GITHUB_SHA;
    docker(
      ...['build', '--file', file, '--build-arg', `VERSION=${version}`, '--tag', `${address}:${version}`],
      ...(commit ? ['--label', `org.opencontainers.image.revision=${commit}`] : []),
      context,
    );
    docker('push', `${address}:${version}`);
    const known = docker('image', 'inspect', '--format', '{{json .RepoDigests}}', `${address}:${version}`);
    output('image', pinned(address, JSON.parse(known) as string[]));
  });
