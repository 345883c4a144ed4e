import { readFile, rm } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { cached, cacheRoot } from '../cache.ts';
import { command } from '../command.ts';
import { rootFileSystem } from '../debian.ts';
import { moduleFolder } from '../go.ts';
import { LocalFailure, type Report } from '../report.ts';
import { type ArchivedImage, writeImageArchive } from './archive.ts';
import { corednsBinary, kubernetesBinaries, pauseBinary } from './binaries.ts';
import { KIND_MODULE, kubernetesVersion } from './versions.ts';

/**
 * The images of the control plane, made from our own binaries, as one archive. Their names are those that
 * kubeadm and containerd's configuration ask for, so that they are asked and not written down here.
 */
export async function controlPlaneArchive(sandboxImage: string, report: Report): Promise<string> {
  const [kubernetes, nft] = await Promise.all([
    kubernetesBinaries(report),
    rootFileSystem({ name: 'kube-proxy', variant: 'extract', packages: ['nftables'] }, report),
  ]);
  const coredns = await corednsBinary(report);
  const pause = await pauseBinary(report);
  // Their places in the cache are named by their content.
  const sources = [kubernetes, coredns, pause, nft].map((path) => relative(cacheRoot(), path));
  const inputs = ['1', ...sources, sandboxImage];
  const build = async (dir: string) => {
    report('writing the control plane images');
    const names = await imageNames(join(kubernetes, 'kubeadm'), sandboxImage);
    const images = controlPlaneImages(names, { kubernetes, coredns, pause, nft });
    const scratch = join(dir, 'scratch');
    await writeImageArchive(join(dir, 'images.tar'), images, scratch);
    await rm(scratch, { recursive: true, force: true });
  };
  return join(await cached('control-plane', inputs, build, report), 'images.tar');
}

async function imageNames(kubeadm: string, sandboxImage: string): Promise<string[]> {
  const args = ['config', 'images', 'list', '--kubernetes-version', await kubernetesVersion()];
  const listed = await command(kubeadm, args, { step: 'Asking kubeadm for the names of its images' });
  const names = listed.split('\n').map((line) => line.trim());
  // containerd's pause image is the one that is used; kubeadm's may be another version of it.
  return [...names.filter((name) => name !== '' && !isNamed(name, 'pause')), sandboxImage];
}

function isNamed(image: string, name: string): boolean {
  return basename(image).split(':')[0] === name;
}

interface Sources {
  kubernetes: string;
  coredns: string;
  pause: string;
  nft: string;
}

function controlPlaneImages(names: string[], from: Sources): ArchivedImage[] {
  return names.map((tag) => {
    const name = basename(tag).split(':')[0] ?? '';
    switch (name) {
      case 'coredns':
        return { tag, files: { coredns: from.coredns }, entrypoint: ['/coredns'] };
      case 'pause':
        return { tag, files: { pause: from.pause }, entrypoint: ['/pause'], user: '65535:65535' };
      case 'etcd':
        // The main package of etcd's server module is named after its folder.
        return { tag, files: { 'usr/local/bin/etcd': join(from.kubernetes, 'server') } };
      case 'kube-proxy':
        return { tag, files: { 'usr/local/bin/kube-proxy': join(from.kubernetes, name) }, base: from.nft };
      case 'kube-apiserver':
      case 'kube-controller-manager':
      case 'kube-scheduler':
        return { tag, files: { [`usr/local/bin/${name}`]: join(from.kubernetes, name) } };
      default:
        throw new LocalFailure(
          `kubeadm asks for the image ${tag}, which local/node/control-plane.ts does not make.`,
        );
    }
  });
}

/** Where the Kubernetes project publishes its images, as the node configuration that kind ships names it. */
export async function kubernetesRegistry(report: Report): Promise<string> {
  const kind = await moduleFolder('kind', KIND_MODULE, report);
  const image = await sandboxImageOf(join(kind, 'images/base/files/etc/containerd/config.toml'));
  return image.slice(0, image.indexOf('/'));
}

/** The pause image that a containerd configuration names. */
export async function sandboxImageOf(containerdConfig: string): Promise<string> {
  const image = (await readFile(containerdConfig, 'utf8')).match(/^\s*sandbox_image = "([^"]+)"/m)?.[1];
  if (image === undefined)
    throw new LocalFailure(`${containerdConfig} names no sandbox_image: a newer kind needs newer code here.`);
  return image;
}
