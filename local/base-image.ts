import { rootFileSystem } from './debian.ts';
import { docker, imageId } from './docker.ts';
import type { Engine } from './engine.ts';
import type { Report } from './report.ts';

/** What project Dockerfiles start FROM. */
export const baseImage = 'debian:bookworm-slim';

/**
 * Makes sure that `FROM debian:bookworm-slim` works: pulled by the build itself where there is a registry, else
 * a stand-in of the same name made from Debian's packages.
 */
export async function ensureBaseImage(engine: Engine, report: Report): Promise<void> {
  if (engine.hasRegistry || (await imageId(engine.dockerHost, baseImage))) return;
  const tar = await rootFileSystem({ name: 'the base image', variant: 'minbase', packages: [] }, report);
  const change = [
    '--change',
    'CMD ["bash"]',
    '--change',
    'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  ];
  await docker(engine.dockerHost, ['import', ...change, tar, baseImage], {
    step: 'Importing the base image',
  });
}
