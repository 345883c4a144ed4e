import { docker } from '../../local/docker.ts';
import { kubectl } from '../e2e/cluster.ts';

/** DOCKER_HOST of the containers that are the nodes; undefined for a cluster whose nodes are none. */
export const engine = process.env.CRYPTOSENSE_TEST_DOCKER_HOST;

/** Why a test is left out that has to get at the node itself. */
export const NO_ENGINE =
  'the nodes of the cluster that KUBECONFIG names are not containers here: unset it, and a kind cluster is made';

export const nodeName = () => kubectl(['get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}']);

/** What a command prints in the cluster's only node, as its root. */
export async function inNode(host: string, ...command: string[]): Promise<string> {
  return docker(host, ['exec', await nodeName(), ...command], { step: command.join(' ') });
}
