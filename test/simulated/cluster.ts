import type { ChildProcess } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { gatewayApiDefinitions } from '../../local/addons/gateway-api.ts';
import { checkout } from '../../local/checkout.ts';
import { kubernetesBinaries, kwokBinary } from '../../local/node/binaries.ts';
import type { Report } from '../../local/report.ts';
import { serverSideApply } from '../../operator/kube/apply.ts';
import { answered } from '../../operator/kube/errors.ts';
import type { KubeObject, Manifest, Resource } from '../../operator/kube/resources.ts';
import type { KubeClient } from '../../operator/kube/transport.ts';
import { type ApiServer, startApiServer } from '../integration/apiserver.ts';
import { CRDS } from '../integration/kube/things.ts';
import { endProcess, eventually, freePorts, startProcess } from '../integration/processes.ts';
import { answerRoutes } from './gateway.ts';
import { kwokConfiguration } from './kwok.ts';

export interface SimulatedClusterOptions {
  /** Users besides admin; they have no right until somebody gives them one. */
  users?: string[];
  /** 3 when left out. Each takes any number of pods. */
  nodes?: number;
  /** More flags for kube-apiserver. */
  flags?: string[];
  report?: Report;
  /** Components whose pods of Jobs run until the test ends them. */
  unfinished?: readonly string[];
}

export interface SimulatedCluster extends Omit<ApiServer, 'stop'> {
  /** Path of a kubeconfig for one of the users. */
  kubeconfigFor(user: string): string;
  /** The end of what a component said, for messages. */
  logOf(component: Component): string;
  stop(): Promise<void>;
}

const COMPONENTS = ['kube-controller-manager', 'kube-scheduler', 'kwok'] as const;
type Component = (typeof COMPONENTS)[number];

/** What turns the operator's objects into pods and endpoints, and clears up after them. */
const CONTROLLERS = [
  'deployment-controller',
  'replicaset-controller',
  'statefulset-controller',
  'job-controller',
  'cronjob-controller',
  'endpointslice-controller',
  'disruption-controller',
  'garbage-collector-controller',
  'namespace-controller',
  'persistentvolumeclaim-protection-controller',
  'ttl-after-finished-controller',
];

const NODES: Resource = { group: '', version: 'v1', plural: 'nodes', kind: 'Node', namespaced: false };

/**
 * A cluster whose control plane is real and whose nodes are not: etcd, kube-apiserver, kube-controller-manager and
 * kube-scheduler, with KWOK in place of the kubelets, all plain processes of this machine, limits of requests a second
 * lifted everywhere. The CRDs of the project and of the Gateway API are there. Ready in about five seconds once built.
 *
 * What is pretended: pods are Running and Ready as soon as they have a node, those of Jobs succeed at once, claims are
 * Bound without a volume, and every HTTPRoute is accepted (see `answerRoutes`). No container runs and no request can be
 * sent to a pod, so that nothing can be measured at one. Nodes are never found dead, the HorizontalPodAutoscaler does
 * not run (there would be no metrics for it), nor do the controllers that are not in CONTROLLERS.
 */
export async function startSimulatedCluster(
  options: SimulatedClusterOptions = {},
): Promise<SimulatedCluster> {
  const report = options.report ?? ((line) => console.log(line));
  const kubernetes = await kubernetesBinaries(report);
  const kwok = await kwokBinary(report);
  const server = await startApiServer({
    users: options.users ?? [],
    flags: [
      '--enable-priority-and-fairness=false',
      '--max-requests-inflight=4000',
      '--max-mutating-requests-inflight=2000',
      // Nobody takes the taint away again without the controller of the nodes' life.
      '--disable-admission-plugins=ServiceAccount,TaintNodesByCondition',
      '--service-cluster-ip-range=10.64.0.0/12',
      ...(options.flags ?? []),
    ],
  });
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-simulated-'));
  const client = server.client();
  const ending = new AbortController();
  const running: ChildProcess[] = [];
  const logFile = (component: Component) => join(folder, `${component}.log`);
  const logOf = (component: Component) =>
    existsSync(logFile(component))
      ? readFileSync(logFile(component), 'utf8').slice(-4_000)
      : 'was not started';
  const start = (component: Component, binary: string, flags: string[]) => {
    running.push(startProcess(binary, flags, logFile(component)));
  };
  const assertRunning = () => {
    for (const { exitCode, spawnargs } of running)
      if (exitCode !== null) throw new Error(`A component ended with ${exitCode}: ${spawnargs.join(' ')}`);
  };
  const stop = async () => {
    ending.abort();
    await Promise.all(running.map((child) => endProcess(child)));
    await client.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [controllerPort = 0, schedulerPort = 0] = await freePorts(2);
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    await defineResources(client, report);
    start('kube-controller-manager', join(kubernetes, 'kube-controller-manager'), [
      `--kubeconfig=${server.kubeconfig}`,
      `--secure-port=${controllerPort}`,
      '--bind-address=127.0.0.1',
      `--cert-dir=${join(folder, 'controller-manager')}`,
      `--controllers=${CONTROLLERS.join(',')}`,
      '--leader-elect=false',
      '--kube-api-qps=5000',
      '--kube-api-burst=10000',
    ]);
    start('kube-scheduler', join(kubernetes, 'kube-scheduler'), [
      `--config=${file('scheduler.json', JSON.stringify(schedulerConfiguration(server.kubeconfig)))}`,
      `--secure-port=${schedulerPort}`,
      '--bind-address=127.0.0.1',
    ]);
    start('kwok', kwok, [
      `--kubeconfig=${server.kubeconfig}`,
      `--config=${file('kwok.yaml', await kwokConfiguration(report, options.unfinished))}`,
    ]);
    await answerRoutes(client, ending.signal);
    await bringUpNodes(client, options.nodes ?? 3, assertRunning);
  } catch (error) {
    const logs = COMPONENTS.map((component) => `${component}:\n${logOf(component)}`).join('\n');
    await stop();
    throw new Error(`The simulated cluster did not start: ${error}\n${logs}`, { cause: error });
  }
  const kubeconfigFor = (user: string) => {
    const path = join(folder, `${user}.kubeconfig.json`);
    writeFileSync(path, server.configFor(user).exportConfig(), { mode: 0o600 });
    return path;
  };
  return { ...server, kubeconfigFor, logOf, stop };
}

/** The project's CRDs and those of the Gateway API; resolves when the server answers for them. */
async function defineResources(client: KubeClient, report: Report): Promise<void> {
  const own = globSync(join(checkout, 'crds', '*.yaml')).map((path) => readFileSync(path, 'utf8'));
  const texts = [...own, await gatewayApiDefinitions(report)];
  const definitions = texts
    .flatMap((text) => parseAllDocuments(text))
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest?.kind === CRDS.kind) as Manifest[];
  for (const definition of definitions) {
    await serverSideApply(client, CRDS, definition, { fieldManager: 'simulated-cluster' });
  }
  for (const { metadata, spec } of definitions) {
    const { group, versions, names } = spec as {
      group: string;
      versions: { name: string; served: boolean }[];
      names: { plural: string };
    };
    const version = versions.find(({ served }) => served)?.name ?? '';
    await eventually(`${metadata.name} is served`, async () => {
      try {
        await client.request({
          method: 'GET',
          path: `/apis/${group}/${version}/${names.plural}`,
          query: { limit: 1 },
        });
        return true;
      } catch (error) {
        if (answered(error, 404)) return false;
        throw error;
      }
    });
  }
}

/** Volumes are nobody's business here: a pod need not wait for one. */
function schedulerConfiguration(kubeconfig: string): object {
  const disabled = ['VolumeBinding', 'VolumeZone', 'VolumeRestrictions', 'NodeVolumeLimits'];
  return {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    leaderElection: { leaderElect: false },
    clientConnection: { kubeconfig, qps: 5_000, burst: 10_000 },
    profiles: [
      {
        schedulerName: 'default-scheduler',
        plugins: { multiPoint: { disabled: disabled.map((name) => ({ name })) } },
      },
    ],
  };
}

async function bringUpNodes(client: KubeClient, count: number, assertRunning: () => void): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `node-${index}`);
  for (const [index, name] of names.entries()) {
    const labels = {
      'kubernetes.io/hostname': name,
      'kubernetes.io/os': 'linux',
      'topology.kubernetes.io/zone': `zone-${index}`,
    };
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } };
    await serverSideApply(client, NODES, node, { fieldManager: 'simulated-cluster' });
  }
  await eventually('the nodes are ready', async () => {
    assertRunning();
    const { items } = await client.request<{ items: KubeObject[] }>({ method: 'GET', path: '/api/v1/nodes' });
    return items.filter(isReady).length === count;
  });
}

function isReady({ status }: KubeObject): boolean {
  const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string }[] };
  return conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
}
