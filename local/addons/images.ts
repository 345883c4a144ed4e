import { mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { baseImage, ensureBaseImage } from '../base-image.ts';
import { cacheRoot } from '../cache.ts';
import { docker, hasRegistry, imageId } from '../docker.ts';
import { buildGo, moduleVersion } from '../go.ts';
import { writeImageArchive } from '../node/archive.ts';
import { kubernetesRegistry } from '../node/control-plane.ts';
import type { Report } from '../report.ts';

export interface AddonImages {
  traefik: string;
  metricsServer: string;
  localPath: string;
  /** Makes and removes the folders of volumes: has a shell, mkdir and rm. */
  storageHelper: string;
}

/** Changes when an image is put together in another way from the same binary. */
const LAYOUT = 'v1';

const TRAEFIK_MODULE = 'github.com/traefik/traefik/v3';

const PROMETHEUS_MODULE = 'github.com/prometheus/prometheus';

const builtPrefix = 'cryptosense-addon-';

/** Whether an image was built here, so that a cluster has to be given it. */
export function isBuiltHere(image: string): boolean {
  return image.startsWith(builtPrefix);
}

/** What an ordinary cluster pulls, in the versions of local/go. */
async function published(report: Report): Promise<AddonImages> {
  const [traefik, metrics, localPath] = await Promise.all([
    moduleVersion('traefik', TRAEFIK_MODULE),
    moduleVersion('metrics-server', 'sigs.k8s.io/metrics-server'),
    moduleVersion('local-path-provisioner', 'github.com/rancher/local-path-provisioner'),
  ]);
  return {
    traefik: `traefik:${traefik}`,
    // The one of them that is not where short names are looked up.
    metricsServer: `${await kubernetesRegistry(report)}/metrics-server/metrics-server:${metrics}`,
    localPath: `rancher/local-path-provisioner:${localPath}`,
    storageHelper: baseImage,
  };
}

/**
 * The names of the add-ons' images for clusters of this engine: public ones where they can be pulled (nothing is done
 * then), else built from Go modules into the engine. Cached; may run before there is a cluster.
 */
async function buildAddons(
  engine: { dockerHost: string; hasRegistry: boolean },
  report: Report,
): Promise<AddonImages> {
  if (engine.hasRegistry) return published(report);
  await ensureBaseImage({ ...engine, ours: false }, report);
  // One after the other: the Go compiler keeps every core busy by itself.
  const { dockerHost } = engine;
  const metricsServer = await addonImage(dockerHost, 'metrics-server', 'metrics-server', '', report);
  const localPath = await addonImage(
    dockerHost,
    'local-path-provisioner',
    'local-path-provisioner',
    '',
    report,
  );
  const release = (await moduleVersion('traefik', TRAEFIK_MODULE)).slice(1);
  const version = `-X ${TRAEFIK_MODULE}/pkg/version.Version=${release}`;
  const traefik = await addonImage(dockerHost, 'traefik', 'traefik', version, report);
  return { traefik, metricsServer, localPath, storageHelper: baseImage };
}

/** The images for a cluster whose containers run in `dockerHost`, or anywhere when that is undefined. */
export async function addonImagesFor(dockerHost: string | undefined, report: Report): Promise<AddonImages> {
  if (dockerHost === undefined) return published(report);
  return buildAddons({ dockerHost, hasRegistry: await hasRegistry(dockerHost, report) }, report);
}

/** The add-ons' images that a cluster of this engine has to be given; none where it pulls them itself. */
export async function builtAddonImages(dockerHost: string, report: Report): Promise<string[]> {
  const images = await addonImagesFor(dockerHost, report);
  return isBuiltHere(images.traefik) ? Object.values(images) : [];
}

/** Prometheus for a cluster of this engine: pulled where that is possible, else built here. */
export async function prometheusImage(dockerHost: string | undefined, report: Report): Promise<string> {
  if (dockerHost !== undefined && !(await hasRegistry(dockerHost, report)))
    return addonImage(dockerHost, 'prometheus', 'prometheus', '', report);
  // The module's v0.309.1 is what is released as v3.9.1.
  const [, minor = '', patch = ''] =
    /^v0\.3(\d\d)\.(\d+)$/.exec(await moduleVersion('prometheus', PROMETHEUS_MODULE)) ?? [];
  return `prom/prometheus:v3.${Number(minor)}.${patch}`;
}

/** An image that holds one static binary and nothing else, tagged by the key of its build. */
async function addonImage(
  dockerHost: string,
  name: string,
  binary: string,
  ldflags: string,
  report: Report,
): Promise<string> {
  const folder = await buildGo({ name, ldflags, report });
  const tag = `${builtPrefix}${name}:${LAYOUT}-${basename(folder)}`;
  if (await imageId(dockerHost, tag)) return tag;
  report(`${name}: making its image`);
  // Beside the cached binary, so that it is linked and not copied; gone as soon as the engine has it.
  const scratch = await mkdtemp(join(cacheRoot(), `image-${name}-`));
  try {
    const archive = join(scratch, 'image.tar');
    const files = { [`/usr/bin/${binary}`]: join(folder, binary) };
    const image = { tag, files, entrypoint: [`/usr/bin/${binary}`], user: '65532:65532' };
    await writeImageArchive(archive, [image], scratch);
    await docker(dockerHost, ['load', '--quiet', '--input', archive], {
      step: `Making the image of ${name}`,
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return tag;
}
