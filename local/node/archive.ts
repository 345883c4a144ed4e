import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, link, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { command } from '../command.ts';

export interface ArchivedImage {
  tag: string;
  /** Paths in the image, and the files on this machine to put there. */
  files: Record<string, string>;
  /** A tar to lie under the files. */
  base?: string;
  entrypoint?: string[];
  user?: string;
}

interface Layer {
  name: string;
  digest: string;
}

/** Writes one image archive (a tar that `ctr images import` and `docker load` read) that holds these images. */
export async function writeImageArchive(
  path: string,
  images: ArchivedImage[],
  scratch: string,
): Promise<void> {
  const folder = join(scratch, 'archive');
  await mkdir(folder, { recursive: true });
  const manifest: { Config: string; RepoTags: string[]; Layers: string[] }[] = [];
  for (const [index, image] of images.entries()) {
    const layers: Layer[] = [];
    if (image.base !== undefined) layers.push(await addLayer(folder, image.base));
    layers.push(await addLayer(folder, await tarOf(image.files, join(scratch, `layer-${index}`))));
    const config = JSON.stringify(imageConfig(image, layers));
    const name = `${createHash('sha256').update(config).digest('hex')}.json`;
    await writeFile(join(folder, name), config);
    manifest.push({ Config: name, RepoTags: [image.tag], Layers: layers.map((layer) => layer.name) });
  }
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
  await command('tar', ['-C', folder, '-cf', path, '.'], { step: 'Writing the control plane images' });
  await rm(folder, { recursive: true });
}

function imageConfig(image: ArchivedImage, layers: Layer[]): object {
  return {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: {
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      ...(image.entrypoint ? { Entrypoint: image.entrypoint } : {}),
      ...(image.user ? { User: image.user } : {}),
    },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${layer.digest}`) },
    history: layers.map(() => ({ created_by: 'cryptosense local' })),
  };
}

/** A layer as a tar whose bytes depend on nothing but its files. */
async function tarOf(files: Record<string, string>, folder: string): Promise<string> {
  for (const [target, source] of Object.entries(files)) {
    const path = join(folder, target);
    await mkdir(dirname(path), { recursive: true });
    // A link saves copying hundreds of megabytes; across file systems there is none.
    await link(source, path).catch(() => copyFile(source, path));
  }
  const tar = `${folder}.tar`;
  const sameBytes = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0'];
  await command('tar', [...sameBytes, '-C', folder, '-cf', tar, '.'], {
    step: 'Writing the control plane images',
  });
  return tar;
}

async function addLayer(folder: string, tar: string): Promise<Layer> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(tar), hash);
  const digest = hash.digest('hex');
  const name = `${digest}.tar`;
  await link(tar, join(folder, name)).catch(() => copyFile(tar, join(folder, name)));
  return { name, digest };
}
