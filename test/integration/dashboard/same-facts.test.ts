import { join } from 'node:path';
import { execa } from 'execa';
import { kubernetesBinaries } from '../../../local/node/binaries.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { create, mergePatch } from '../../../operator/kube/apply.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { type SimulatedCluster, startSimulatedCluster } from '../../simulated/cluster.ts';
import { ensureNamespace, type Installation, install } from '../../simulated/installation.ts';
import type { OperatorProcess } from '../../simulated/metered.ts';
import { bundleOperator, startOperator } from '../../simulated/operator.ts';
import { cryptosense } from '../cli/shell.ts';
import { freePorts } from '../processes.ts';
import { openBrowser } from '../web/browser.ts';
import { DESKTOP, withPage } from './browser-page.ts';
import {
  BY_HAND,
  keepBackup,
  type Place,
  promoteByCommandLine,
  promoteOnPage,
  serves,
} from './same-facts.ts';
import { bind, defineRoles } from './world.ts';

const test = suite('The command line and the page beside kubectl');
const opened = await openBrowser();
let cluster: SimulatedCluster;
let client: KubeClient;
let installation: Installation;
let operator: OperatorProcess;
let place: Place;
let url: string;

test.before(async () => {
  cluster = await startSimulatedCluster({ users: ['chief'] });
  client = cluster.client();
  const [port = 0] = await freePorts(1);
  installation = await install(cluster, client, {});
  operator = await startOperator({
    kubeconfig: installation.kubeconfig,
    program: await bundleOperator({ dashboard: true }),
    env: { ...installation.env, DASHBOARD_PORT: String(port) },
  });
  url = `http://127.0.0.1:${port}`;
  await defineRoles(client);
  await bind(client, 'chief', 'look');
  await bind(client, 'chief', 'command');
  await ensureNamespace(client, 'market');
  place = await placeOf(cluster);
  await create(client, RESOURCES.environments, {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: place.name, namespace: place.namespace },
    spec: {
      tier: 'local',
      release: { image: 'cryptosense-api:1.0.0' },
      rollout: BY_HAND,
      autoscaling: { minReplicas: 3, maxReplicas: 3 },
    },
  });
  await serves(place, 'cryptosense-api:1.0.0');
  await keepBackup(place);
});
test.after(async () => {
  if (typeof opened !== 'string') await opened.close();
  await operator?.stop();
  installation?.remove();
  await client?.close();
  await cluster?.stop();
});

async function placeOf({ kubeconfig }: SimulatedCluster): Promise<Place> {
  const binary = join(await kubernetesBinaries(console.log), 'kubectl');
  const [namespace, name] = ['market', 'shop'];
  return {
    namespace,
    name,
    programs: {
      kubectl: async (args, { input } = {}) => {
        const stdin = input === undefined ? ({ stdin: 'ignore' } as const) : { input };
        return (await execa(binary, args, { env: { KUBECONFIG: kubeconfig }, ...stdin })).stdout;
      },
      cryptosense: (args) => cryptosense(kubeconfig, ...args),
    },
    release: async (image) => {
      await mergePatch(client, RESOURCES.environments, namespace, name, { spec: { release: { image } } });
    },
  };
}

test('a canary is followed and promoted from the command line, which shows what kubectl shows', async () => {
  await promoteByCommandLine(place, 'cryptosense-api:1.1.0');
});

if (typeof opened === 'string') {
  test.skip('the dashboard in a browser', opened);
} else {
  test('another is followed and promoted on the page, which shows what kubectl shows', async () => {
    const token = cluster.configFor('chief').getCurrentUser()?.token ?? '';
    await withPage(opened, url, { ...DESKTOP, token }, async (page) => {
      await page.locator(`a.row[href="#/${place.namespace}/${place.name}"]`).click();
      await page.locator('.release').waitFor();
      await promoteOnPage(place, 'cryptosense-api:1.2.0', page, 'chief');
    });
  });
}

test.run();
