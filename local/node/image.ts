import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { cached, cacheKey, cacheRoot } from '../cache.ts';
import { ask } from '../command.ts';
import { rootFileSystem } from '../debian.ts';
import { docker, dockerEnv, imageId } from '../docker.ts';
import type { Engine } from '../engine.ts';
import { moduleFolder } from '../go.ts';
import type { Report } from '../report.ts';
import { lacksSysResource } from '../runc.ts';
import { kubernetesBinaries } from './binaries.ts';
import { controlPlaneArchive, sandboxImageOf } from './control-plane.ts';
import { importIntoNode } from './import.ts';
import { KIND_MODULE, kubernetesVersion } from './versions.ts';

const here = join(import.meta.dirname, 'files');

const packages = [
  ...['systemd', 'dbus', 'containerd', 'runc', 'containernetworking-plugins'],
  ...['iptables', 'nftables', 'iproute2', 'conntrack', 'ethtool', 'socat'],
  ...['bash', 'ca-certificates', 'curl', 'jq', 'kmod', 'mount', 'pigz', 'procps', 'util-linux'],
];

/** Makes the root file system and the control plane images, the two slow parts, without needing an engine. */
export async function prepareNodeImage(report: Report): Promise<NodeParts> {
  const kindFiles = join(await moduleFolder('kind', KIND_MODULE, report), 'images', 'base', 'files');
  const sandboxImage = await sandboxImageOf(join(kindFiles, 'etc/containerd/config.toml'));
  // Debian's packages are download and disk, Go is processor: side by side they take as long as the longer one.
  const [rootfs, archive] = await Promise.all([
    rootFileSystem({ name: 'the node image', variant: 'minbase', packages }, report),
    controlPlaneArchive(sandboxImage, report),
  ]);
  return { rootfs, archive, kindFiles };
}

interface NodeParts {
  rootfs: string;
  archive: string;
  kindFiles: string;
}

/**
 * The image of a kind node, made of Debian's packages, the files that the kind module ships and our own binaries.
 * Returns its tag, which names its content; nothing is done when the engine has it already.
 */
export async function ensureNodeImage(engine: Engine, report: Report): Promise<string> {
  const { rootfs, archive, kindFiles } = await prepareNodeImage(report);
  const binaries = await kubernetesBinaries(report);
  const restricted = await lacksSysResource();
  const own = await Promise.all((await readdir(here)).sort().map((name) => readFile(join(here, name))));
  const code = await readFile(import.meta.filename);
  // Their places in the cache are named by their content.
  const parts = [rootfs, archive, kindFiles, binaries].map((path) => relative(cacheRoot(), path));
  const key = cacheKey([...parts, String(restricted), code, ...own]);
  const tag = `cryptosense-node:${key.slice(0, 12)}`;
  if (await imageId(engine.dockerHost, tag)) return tag;

  const step = 'Building the node image';
  const base = `cryptosense-node-base:${cacheKey([parts[0] ?? '']).slice(0, 12)}`;
  report('importing the root file system');
  if (!(await imageId(engine.dockerHost, base)))
    await docker(engine.dockerHost, ['import', rootfs, base], { step });
  const context = await cached(
    'node-context',
    [key],
    (dir) => writeContext(dir, { kindFiles, binaries, restricted }),
    report,
  );
  report('building the node image');
  const bare = `${tag}-bare`;
  await docker(engine.dockerHost, ['build', '--build-arg', `BASE=${base}`, '-t', bare, context], { step });
  report('putting the control plane images into the node image');
  await importIntoNode(engine.dockerHost, bare, archive, tag);
  await docker(engine.dockerHost, ['rmi', bare], { step }).catch(() => undefined);
  await rm(context, { recursive: true, force: true });
  await removeOthers(engine.dockerHost, tag);
  return tag;
}

/** A node image is a gigabyte: earlier ones go, unless a cluster still runs on them (then docker refuses). */
async function removeOthers(dockerHost: string, tag: string): Promise<void> {
  const env = dockerEnv(dockerHost);
  const format = ['--format', '{{.Repository}}:{{.Tag}}'];
  const tags = ((await ask('docker', ['images', 'cryptosense-node', ...format], { env })) ?? '').split('\n');
  for (const other of tags) if (other !== '' && other !== tag) await ask('docker', ['rmi', other], { env });
}

interface Parts {
  kindFiles: string;
  binaries: string;
  restricted: boolean;
}

async function writeContext(dir: string, parts: Parts): Promise<void> {
  const root = join(dir, 'root');
  await cp(parts.kindFiles, root, { recursive: true });
  const configPath = join(root, 'etc/containerd/config.toml');
  const config = await readFile(configPath, 'utf8');
  // Without CAP_SYS_RESOURCE no sandbox would start: lowering oom_score_adj is refused.
  if (parts.restricted) {
    await writeFile(
      configPath,
      config.replace('restrict_oom_score_adj = false', 'restrict_oom_score_adj = true'),
    );
  }
  for (const folder of ['usr/local/bin', 'kind/bin']) {
    for (const name of await readdir(join(root, folder))) await chmod(join(root, folder, name), 0o755);
  }
  await mkdir(join(root, 'usr/bin'), { recursive: true });
  for (const name of ['kubelet', 'kubeadm', 'kubectl']) {
    await cp(join(parts.binaries, name), join(root, 'usr/bin', name));
    await chmod(join(root, 'usr/bin', name), 0o755);
  }
  await writeFile(join(root, 'kind/version'), await kubernetesVersion());
  const places: Record<string, string> = {
    '10-bridge.conflist': 'etc/cni/net.d',
    'default-cni.yaml': 'kind/manifests',
    'default-storage.yaml': 'kind/manifests',
  };
  for (const [name, folder] of Object.entries(places)) {
    await mkdir(join(root, folder), { recursive: true });
    await cp(join(here, name), join(root, folder, basename(name)));
  }
  await cp(join(here, 'Dockerfile'), join(dir, 'Dockerfile'));
}
