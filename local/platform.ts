import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderOperator, renderProtection } from '../charts/render.ts';
import { apply, waitFor, waitForRollout } from './addons/cluster-access.ts';
import { DASHBOARD_PORT, dashboardAccess } from './addons/dashboard-access.ts';
import { builtAddonImages, isBuiltHere, prometheusImage } from './addons/images.ts';
import { installAddons } from './addons/install.ts';
import { hasPrometheusOperator, installPrometheus } from './addons/prometheus.ts';
import { cacheRoot } from './cache.ts';
import { checkout } from './checkout.ts';
import { type LocalCluster, up } from './cluster.ts';
import { docker } from './docker.ts';
import { ensureEngine } from './engine.ts';
import { buildImages, megabytes, type ProjectImages } from './images.ts';
import { withLock } from './lock.ts';
import { foreignKubeconfig } from './named-cluster.ts';
import type { Report } from './report.ts';
import { runSteps, type Step } from './steps.ts';

export interface Platform {
  cluster: LocalCluster;
  images: ProjectImages;
}

/**
 * A cluster `name` with everything that an environment needs: the project's images, the add-ons and the operator.
 * Idempotent, and quick when everything is there. Shows its progress.
 */
export async function bringUpPlatform(name: string): Promise<Platform> {
  let cluster: LocalCluster | undefined;
  let images: ProjectImages = [];
  let addons: string[] = [];
  const build: Step = {
    name: 'Images of the project',
    work: async (report) => {
      const engine = await ensureEngine(report, name);
      images = await buildImages({ engine, report });
      // Made while the cluster is, so that it gets them as soon as it is there.
      addons = await builtAddonImages(engine.dockerHost, report);
      await prometheusImage(engine.dockerHost, report);
    },
  };
  const make: Step = {
    name: `Cluster ${name}`,
    work: async (report) => {
      cluster = await up({ name, report });
    },
  };
  // A cluster that the user names has a registry of its own, or is a kind cluster whose engine is there.
  await runSteps(foreignKubeconfig() ? [make] : [make, build], { concurrent: true });
  const ready = cluster as LocalCluster | undefined;
  if (!ready) throw new Error('the cluster step ended without a cluster');
  const loaded = Promise.withResolvers<void>();
  const addonImages: Step = {
    name: 'Images of the add-ons into the cluster',
    work: (report) => ready.loadImages(addons, report),
  };
  const dns: Step = { name: 'Name resolution in the cluster', work: (report) => ready.ready(report) };
  const projectImages: Step = {
    name: 'Images into the cluster',
    work: async (report) => {
      loaded.resolve(load(ready, images, report));
      await loaded.promise;
    },
  };
  const operator: Step = {
    name: 'Operator',
    work: async (report) => {
      report('waiting for its image');
      await loaded.promise;
      await installOperator(ready, images, report);
    },
  };
  const monitoring: Step = {
    name: 'Prometheus with every alert',
    work: async (report) => {
      report('waiting for the other images');
      await loaded.promise;
      await bringPrometheus(ready, report);
    },
  };
  // What starts slowly gets its images first, so that it starts while the others are brought in.
  await runSteps(addons.length > 0 ? [addonImages, dns] : [dns], { concurrent: true });
  await runSteps(
    [
      { name: 'Gateway, metrics and storage', work: (report) => installAddons({ cluster: ready, report }) },
      projectImages,
      operator,
      monitoring,
    ],
    { concurrent: true },
  );
  for (const image of images) console.log(`  ${image.name.padEnd(32)} ${megabytes(image.bytes)}`);
  return { cluster: ready, images };
}

/** Builds an image that `npm start` does without, and brings it into the cluster; undefined when the cluster has its own registry. */
export async function addImage(
  { cluster }: Pick<Platform, 'cluster'>,
  name: string,
  report: Report,
): Promise<string | undefined> {
  if (cluster.dockerHost === undefined) return undefined;
  const engine = await ensureEngine(report, cluster.name);
  const images = await buildImages({ engine, only: [name], report });
  await load(cluster, images, report);
  return name;
}

/** Where the Prometheus operator is, environments bring their rules themselves, and the cluster's own Prometheus has them. */
async function bringPrometheus(cluster: LocalCluster, report: Report): Promise<void> {
  if (await hasPrometheusOperator(cluster)) return;
  const image = await prometheusImage(cluster.dockerHost, report);
  if (isBuiltHere(image)) await cluster.loadImages([image], report);
  await installPrometheus(cluster, image, report);
}

/** Gives the images their friendly names for as long as they are loaded: checkouts that share an engine share names. */
async function load(cluster: LocalCluster, images: ProjectImages, report: Report): Promise<void> {
  const { dockerHost } = cluster;
  if (dockerHost === undefined || images.length === 0) return;
  await withLock(join(cacheRoot(), 'image-names.lock'), 'naming images', report, async () => {
    for (const { name, content } of images) {
      await docker(dockerHost, ['tag', content, name], { step: `Naming ${name}` });
    }
    await cluster.loadImages(
      images.map(({ name }) => name),
      report,
    );
  });
}

async function installOperator(cluster: LocalCluster, images: ProjectImages, report: Report): Promise<void> {
  const image = images.find(({ name }) => name.startsWith('cryptosense-operator:'));
  const definitions = globSync(join(checkout, 'crds/*.yaml')).map((file) => readFileSync(file, 'utf8'));
  report('installing the resource definition and the operator');
  await apply(cluster, 'the resource definition', definitions.join('\n---\n'));
  await waitFor(cluster, 'Established', 'crd/cryptosenseenvironments.cryptosense.io');
  const manifests = renderOperator({
    image: image?.name ?? 'cryptosense-operator:dev',
    dashboardPort: DASHBOARD_PORT,
  });
  // The tag stays when the image changes: its id in the template makes the pods follow.
  for (const manifest of manifests) {
    if (manifest.kind !== 'Deployment') continue;
    const template = (manifest.spec as { template: { metadata: { annotations?: Record<string, string> } } })
      .template;
    template.metadata.annotations = {
      ...template.metadata.annotations,
      'cryptosense.io/image-id': image?.id ?? 'named',
    };
  }
  await apply(cluster, 'the operator', [...manifests, ...renderProtection(), ...dashboardAccess()]);
  report('waiting for the operator');
  await waitForRollout(cluster, 'cryptosense-system', 'cryptosense-operator');
}
