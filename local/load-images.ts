import { command } from './command.ts';
import { dockerEnv } from './docker.ts';
import type { ProjectImages } from './images.ts';
import { fullName, nodesOf } from './node/load.ts';

export interface ImageTarget {
  name: string;
  dockerHost: string | undefined;
  loadImages(tags: string[]): Promise<void>;
}

/**
 * Brings the project's images into a cluster, where they get the names that manifests use. In the engine they are
 * known by their content alone, so that checkouts that share it never change what another one's names mean.
 */
export async function loadProjectImages(cluster: ImageTarget, images: ProjectImages): Promise<void> {
  await cluster.loadImages(images.map((image) => image.content));
  const { dockerHost } = cluster;
  if (dockerHost === undefined) return;
  const script = namingScript(images);
  for (const node of await nodesOf(dockerHost, cluster.name)) {
    await command('docker', ['exec', node, 'sh', '-c', script], {
      step: `Naming the images in ${node}`,
      env: dockerEnv(dockerHost),
    });
  }
}

/** The commands that give each image its name in a node's containerd; run again they change nothing. */
export function namingScript(images: readonly { name: string; content: string }[]): string {
  const tags = images.map(
    ({ name, content }) =>
      `ctr -n k8s.io images tag --force ${fullName(content)} ${fullName(name)} > /dev/null`,
  );
  return ['set -e', ...tags].join('\n');
}
