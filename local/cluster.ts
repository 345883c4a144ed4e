import { join } from 'node:path';
import { ensureBaseImage } from './base-image.ts';
import { runFolder } from './checkout.ts';
import { currentEngine, type Engine, ensureEngine, releaseEngine } from './engine.ts';
import { deleteKind, ensureKind, kubeconfigOf, refuseLoading, waitForDns } from './kind.ts';
import { withLock } from './lock.ts';
import { namedCluster } from './named-cluster.ts';
import { kubectlBinary } from './node/binaries.ts';
import { ensureNodeImage, prepareNodeImage } from './node/image.ts';
import { loadImages, nodesOf } from './node/load.ts';
import type { Report } from './report.ts';
import { timed } from './timing.ts';

export interface LocalCluster {
  name: string;
  /** A file of its own, never ~/.kube/config. */
  kubeconfig: string;
  /** Where the gateway is reached from this machine; undefined when a named cluster does not say (CRYPTOSENSE_GATEWAY_URL). */
  gatewayUrl: string | undefined;
  /** For DOCKER_HOST; undefined when the cluster is not made of containers here. */
  dockerHost: string | undefined;
  kubectl: string;
  /** Resolves when names are resolved in it: some ten seconds after `up`, which images can use. */
  ready(report: Report): Promise<void>;
  /** Brings images of the engine into the cluster; those that are there already cost nothing. */
  loadImages(tags: string[], report: Report): Promise<void>;
  /** named: the user's own, by KUBECONFIG. kind: made here. */
  origin: 'named' | 'kind';
}

/**
 * A cluster that answers: the one that KUBECONFIG names, else a kind cluster `name` (see clusterName), made when it
 * is not there and mended when it is broken. Idempotent, and quick when everything is there.
 */
export async function up({ name, report }: { name: string; report: Report }): Promise<LocalCluster> {
  const named = await namedCluster(report);
  if (named) {
    const { kubeconfig, kubectl, kind } = named;
    return {
      name: kind?.name ?? 'named',
      kubeconfig,
      kubectl,
      gatewayUrl: process.env.CRYPTOSENSE_GATEWAY_URL,
      ready: async () => {},
      dockerHost: kind?.dockerHost,
      loadImages: async (tags, say) =>
        kind ? loadImages(kind.dockerHost, kind.name, tags, say) : refuseLoading(tags),
      origin: 'named',
    };
  }
  return withLock(join(runFolder, `${name}.lock`), `setting up ${name}`, report, () => upKind(name, report));
}

async function upKind(name: string, report: Report): Promise<LocalCluster> {
  const engine = await timed('Container engine', report, (say) => ensureEngine(say, name));
  const image = engine.hasRegistry ? undefined : await nodeImage(engine, report);
  const kubectl = await kubectlBinary(engine.hasRegistry, report);
  const port = await timed('Cluster', report, (say) => ensureKind(engine, { name, image, kubectl }, say));
  return {
    name,
    kubeconfig: kubeconfigOf(name),
    gatewayUrl: `http://127.0.0.1:${port}`,
    dockerHost: engine.dockerHost,
    kubectl,
    ready: (say) => waitForDns(kubectl, kubeconfigOf(name), say),
    loadImages: (tags, say) => loadImages(engine.dockerHost, name, tags, say),
    origin: 'kind',
  };
}

async function nodeImage(engine: Engine, report: Report): Promise<string> {
  await Promise.all([
    timed('Base image', report, (say) => ensureBaseImage(engine, say)),
    timed('Kubernetes from source', report, (say) => prepareNodeImage(say)),
  ]);
  return timed('Node image', report, (say) => ensureNodeImage(engine, say));
}

/** Deletes the kind cluster `name` and gives up its share of the engine. Says in words what was removed. */
export async function down({ name, report }: { name: string; report: Report }): Promise<string[]> {
  return withLock(join(runFolder, `${name}.lock`), `removing ${name}`, report, async () => {
    const engine = await currentEngine();
    const hadNodes = engine !== undefined && (await nodesOf(engine.dockerHost, name)).length > 0;
    await deleteKind(engine?.dockerHost, name);
    const removed = hadNodes ? [`cluster ${name}`] : [];
    return [...removed, ...(await releaseEngine(name, report))];
  });
}
