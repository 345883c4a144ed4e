import { setTimeout } from 'node:timers/promises';
import { ask, command } from '../command.ts';
import type { Report } from '../report.ts';
import type { Manifest } from './manifest.ts';

/** What the add-ons need of a LocalCluster. */
export interface AddonCluster {
  kubeconfig: string;
  /** The path of the program. */
  kubectl: string;
  dockerHost: string | undefined;
  loadImages(tags: string[], report: Report): Promise<void>;
}

const fieldManager = 'cryptosense-local';
const LOOK_AGAIN_MS = 200;

/** Applies objects server-side; what a person changed by hand in the fields given here is taken back. */
export async function apply(
  cluster: AddonCluster,
  what: string,
  objects: Manifest[] | string,
): Promise<void> {
  const input =
    typeof objects === 'string' ? objects : objects.map((object) => JSON.stringify(object)).join('\n---\n');
  await kubectl(
    cluster,
    `Installing ${what}`,
    ['apply', '--server-side', '--force-conflicts', `--field-manager=${fieldManager}`, '--filename=-'],
    input,
  );
}

/** Waits until a condition of an object holds. `resource` as kubectl names it, for instance gatewayclass/traefik. */
export async function waitFor(
  cluster: AddonCluster,
  condition: string,
  resource: string,
  options: { namespace?: string; seconds?: number } = {},
): Promise<void> {
  const namespace = options.namespace === undefined ? [] : ['--namespace', options.namespace];
  const seconds = options.seconds ?? 120;
  const args = ['wait', `--for=condition=${condition}`, resource, ...namespace, `--timeout=${seconds}s`];
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await kubectl(cluster, `Waiting for ${resource} to be ${condition}`, args);
    } catch (error) {
      // kubectl does not wait for what is so new that it has no list of conditions yet.
      if (!/conditions accessor error/.test(String(error)) || Date.now() > deadline) throw error;
      await setTimeout(LOOK_AGAIN_MS);
    }
  }
}

/** Waits until every pod of a Deployment is of its newest form and available. */
export async function waitForRollout(cluster: AddonCluster, namespace: string, name: string): Promise<void> {
  const args = ['rollout', 'status', `deployment/${name}`, '--namespace', namespace, '--timeout=120s'];
  await kubectl(cluster, `Waiting for ${name}`, args);
}

/** The answer to a `kubectl get`, or undefined when there is no such thing. */
export async function lookUp(cluster: AddonCluster, args: string[]): Promise<string | undefined> {
  return ask(cluster.kubectl, ['--kubeconfig', cluster.kubeconfig, 'get', ...args]);
}

async function kubectl(cluster: AddonCluster, step: string, args: string[], input?: string): Promise<void> {
  await command(cluster.kubectl, ['--kubeconfig', cluster.kubeconfig, ...args], {
    step,
    advice: 'Look at the pods with `kubectl get pods --all-namespaces`, then run the command again.',
    ...(input === undefined ? {} : { input }),
  });
}
