import type { Report } from '../report.ts';
import { type AddonCluster, apply, lookUp, waitFor, waitForRollout } from './cluster-access.ts';
import { gatewayApiDefinitions } from './gateway-api.ts';
import { addonImagesFor, isBuiltHere } from './images.ts';
import { localPath } from './local-path.ts';
import { metricsServer } from './metrics-server.ts';
import { gateway, sharedGateway, traefik } from './traefik.ts';

/**
 * Gives a cluster what environments expect of it: the Gateway API with Traefik behind the shared Gateway, the
 * metrics API, a default StorageClass. What a cluster has of its own is left alone. Idempotent; resolves when all of
 * it serves, and fails with a sentence.
 */
export async function installAddons({
  cluster,
  report,
}: {
  cluster: AddonCluster;
  report: Report;
}): Promise<void> {
  const missing = await missingAddons(cluster);
  if (!missing.gateway && !missing.metrics && !missing.storage) return;
  const images = await addonImagesFor(cluster.dockerHost, report);
  if (cluster.dockerHost !== undefined && isBuiltHere(images.traefik)) {
    const wanted = [
      ...(missing.gateway ? [images.traefik] : []),
      ...(missing.metrics ? [images.metricsServer] : []),
      ...(missing.storage ? [images.localPath, images.storageHelper] : []),
    ];
    report('bringing the add-ons into the cluster');
    await cluster.loadImages(wanted, report);
  }

  if (missing.storage)
    await apply(cluster, 'the storage provisioner', localPath(images.localPath, images.storageHelper));
  if (missing.metrics) await apply(cluster, 'metrics-server', metricsServer(images.metricsServer));
  if (missing.gateway) {
    report('installing the Gateway API and Traefik');
    await apply(cluster, 'the Gateway API', await gatewayApiDefinitions(report));
    await waitFor(cluster, 'Established', 'crd/gatewayclasses.gateway.networking.k8s.io');
    await waitFor(cluster, 'Established', 'crd/gateways.gateway.networking.k8s.io');
    await apply(cluster, 'Traefik', [...traefik(images.traefik), ...gateway()]);
  }

  report('waiting for the add-ons');
  await Promise.all([
    missing.storage && waitForRollout(cluster, 'local-path-storage', 'local-path-provisioner'),
    missing.metrics && waitFor(cluster, 'Available', 'apiservice/v1beta1.metrics.k8s.io'),
    missing.gateway && gatewayServes(cluster),
  ]);
}

async function gatewayServes(cluster: AddonCluster): Promise<void> {
  const { name, namespace, className } = sharedGateway;
  await waitForRollout(cluster, 'traefik-system', 'traefik');
  await waitFor(cluster, 'Accepted', `gatewayclass/${className}`);
  await waitFor(cluster, 'Programmed', `gateway/${name}`, { namespace });
}

/** An add-on is ours to install when it is not there, or when an earlier run of this installed it. */
async function missingAddons(
  cluster: AddonCluster,
): Promise<{ storage: boolean; metrics: boolean; gateway: boolean }> {
  const ours = 'cryptosense-local';
  const owner = (list: string[]) =>
    lookUp(cluster, [
      ...list,
      '--output',
      'jsonpath={range .items[*]}{.metadata.name}={.metadata.labels.app\\.kubernetes\\.io/part-of}={.metadata.annotations.storageclass\\.kubernetes\\.io/is-default-class}{"\\n"}{end}',
    ]);
  const [classes, services, gateways] = await Promise.all([
    owner(['storageclass']),
    owner(['apiservice']),
    owner(['gateway', '--namespace', sharedGateway.namespace]),
  ]);
  return {
    storage: isOurs(classes, (line) => line.endsWith('=true'), ours),
    metrics: isOurs(services, (line) => line.startsWith('v1beta1.metrics.k8s.io='), ours),
    gateway: isOurs(gateways, (line) => line.startsWith(`${sharedGateway.name}=`), ours),
  };
}

/** True when no line matches, or when all that do say that they are ours. Lines are name=part-of=default. */
export function isOurs(
  answer: string | undefined,
  matches: (line: string) => boolean,
  ours: string,
): boolean {
  const found = (answer ?? '').split('\n').filter((line) => line !== '' && matches(line));
  return found.every((line) => line.split('=')[1] === ours);
}
