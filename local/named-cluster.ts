import { resolve, sep } from 'node:path';
import { runFolder } from './checkout.ts';
import { ask } from './command.ts';
import type { Engine } from './engine.ts';
import { currentEngine } from './engine.ts';
import { apiAnswers } from './kind.ts';
import { kubectlBinary } from './node/binaries.ts';
import type { Report } from './report.ts';

export interface NamedCluster {
  kubeconfig: string;
  kubectl: string;
  /** When its nodes are containers of an engine here: kind's name of it, and the engine's address. */
  kind: { name: string; dockerHost: string } | undefined;
}

/**
 * The cluster that the user names in KUBECONFIG, when it answers. One of our own kubeconfigs does not count: the
 * cluster behind it is found, mended and counted in the ordinary way.
 */
export async function namedCluster(report: Report): Promise<NamedCluster | undefined> {
  const kubeconfig = foreignKubeconfig();
  if (kubeconfig === undefined) return undefined;
  const kubectl = await kubectlBinary(true, report);
  if (!(await apiAnswers(kubectl, kubeconfig))) {
    report(`the cluster that KUBECONFIG=${kubeconfig} names does not answer: using one on this machine`);
    return undefined;
  }
  const context = await ask(kubectl, ['--kubeconfig', kubeconfig, 'config', 'current-context']);
  const name = context?.trim().match(/^kind-(.+)$/)?.[1];
  const engine: Pick<Engine, 'dockerHost'> | undefined =
    name === undefined ? undefined : await currentEngine();
  const kind = name !== undefined && engine ? { name, dockerHost: engine.dockerHost } : undefined;
  return { kubeconfig, kubectl, kind };
}

/** KUBECONFIG, unless it is empty or one of our own. */
export function foreignKubeconfig(): string | undefined {
  const kubeconfig = process.env.KUBECONFIG;
  if (kubeconfig === undefined || kubeconfig === '') return undefined;
  return resolve(kubeconfig).startsWith(runFolder + sep) ? undefined : kubeconfig;
}
