import { down } from '../../local/cluster.ts';
import { clusterName, type Purpose } from '../../local/cluster-name.ts';
import { ensureEngine, releaseEngine } from '../../local/engine.ts';
import { LATER } from '../../local/image-catalogue.ts';
import { buildImages } from '../../local/images.ts';
import {
  kubernetesBinaries,
  kwokBinary,
  prometheusBinary,
  versitygwBinary,
} from '../../local/node/binaries.ts';
import { addImage, bringUpPlatform } from '../../local/platform.ts';
import type { Report } from '../../local/report.ts';
import { printLine, throttled } from '../../local/steps.ts';

/** What a part of the tests needs before it runs, and how that is removed again. */
export interface Preparation {
  env: Record<string, string>;
  cleanUp: () => Promise<void>;
}

const PURPOSE: Purpose = 'test';

export async function prepareUnit(): Promise<Preparation> {
  return { env: {}, cleanUp: async () => {} };
}

/** A container engine with the images that testcontainers starts. `say`: where its progress goes. */
export async function prepareIntegration(say: Report = printLine): Promise<Preparation> {
  const name = clusterName('integration');
  const report = throttled(say);
  const engine = await ensureEngine(report, name);
  // The API server and the simulated cluster of the tests: built here, because a test file has a deadline.
  await kubernetesBinaries(report);
  await kwokBinary(report);
  await prometheusBinary(report);
  await versitygwBinary(report);
  const images = await buildImages({
    engine,
    only: ['database', 'pooler', 'cache', 'exporters'],
    report,
  });
  const imageOf = (component: string) =>
    images.find((image) => image.name.includes(component))?.content ?? '';
  return {
    env: {
      DOCKER_HOST: engine.dockerHost,
      // Its image is in no package registry; containers are stopped by the tests themselves.
      TESTCONTAINERS_RYUK_DISABLED: 'true',
      CRYPTOSENSE_DATABASE_IMAGE: imageOf('database'),
      CRYPTOSENSE_POOLER_IMAGE: imageOf('pooler'),
      CRYPTOSENSE_CACHE_IMAGE: imageOf('cache'),
      CRYPTOSENSE_EXPORTERS_IMAGE: imageOf('exporters'),
    },
    cleanUp: async () => {
      await releaseEngine(name, report);
    },
  };
}

/** A cluster of its own, so that tests never touch what `npm start` left running. KEEP_CLUSTER=1 leaves it. */
export async function prepareE2e(): Promise<Preparation> {
  const name = clusterName(PURPOSE);
  const cleanUp = async () => {
    if (process.env.KEEP_CLUSTER) return;
    for (const line of await down({ name, report: printLine })) printLine(`removed: ${line}`);
  };
  try {
    const platform = await bringUpPlatform(name);
    const { cluster } = platform;
    if (cluster.gatewayUrl === undefined)
      throw new Error("set CRYPTOSENSE_GATEWAY_URL to the address of the named cluster's gateway");
    const later = await addImage(platform, `cryptosense-operator:${LATER}`, printLine);
    return {
      env: {
        CRYPTOSENSE_TEST_KUBECONFIG: cluster.kubeconfig,
        CRYPTOSENSE_KUBECTL: cluster.kubectl,
        CRYPTOSENSE_GATEWAY_URL: cluster.gatewayUrl,
        KUBECONFIG: cluster.kubeconfig,
        ...(cluster.dockerHost === undefined ? {} : { CRYPTOSENSE_TEST_DOCKER_HOST: cluster.dockerHost }),
        ...(later === undefined ? {} : { CRYPTOSENSE_LATER_OPERATOR: later }),
      },
      cleanUp,
    };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}
