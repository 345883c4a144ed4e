import { join } from 'node:path';
import { ask } from '../command.ts';
import { buildGo } from '../go.ts';
import type { Report } from '../report.ts';
import { kubernetesVersion, versionFlags } from './versions.ts';

/** A folder with kube-apiserver, kube-controller-manager, kube-scheduler, kube-proxy, kubelet, kubeadm, kubectl and server (etcd). */
export async function kubernetesBinaries(report: Report): Promise<string> {
  return buildGo({ name: 'kubernetes', ldflags: versionFlags(await kubernetesVersion()), report });
}

export function corednsBinary(report: Report): Promise<string> {
  return buildGo({ name: 'coredns', report }).then((folder) => join(folder, 'coredns'));
}

export function pauseBinary(report: Report): Promise<string> {
  return buildGo({ name: 'pause', packages: ['.'], report }).then((folder) => join(folder, 'pause'));
}

/** kind as local/go/kind/go.mod pins it: newer ones were not tried with control groups v1. */
export function kindBinary(report: Report): Promise<string> {
  return buildGo({ name: 'kind', report }).then((folder) => join(folder, 'kind'));
}

/** The user's own kubectl where ordinary images are used, else the one that is built with the node image anyway. */
export async function kubectlBinary(hasRegistry: boolean, report: Report): Promise<string> {
  if (hasRegistry && (await ask('kubectl', ['version', '--client'])) !== undefined) return 'kubectl';
  if (!hasRegistry) return join(await kubernetesBinaries(report), 'kubectl');
  const packages = ['k8s.io/kubernetes/cmd/kubectl'];
  const folder = await buildGo({
    name: 'kubernetes',
    packages,
    ldflags: versionFlags(await kubernetesVersion()),
    report,
  });
  return join(folder, 'kubectl');
}

/** Prometheus, for tests of what asks one. */
export function prometheusBinary(report: Report): Promise<string> {
  return buildGo({ name: 'prometheus', report }).then((folder) => join(folder, 'prometheus'));
}

/** What checks rules and tests them. */
export function promtoolBinary(report: Report): Promise<string> {
  return buildGo({ name: 'prometheus', report }).then((folder) => join(folder, 'promtool'));
}

/** What checks a configuration of Alertmanager. */
export function amtoolBinary(report: Report): Promise<string> {
  return buildGo({ name: 'alertmanager', report }).then((folder) => join(folder, 'amtool'));
}

/** KWOK, which pretends to be the kubelets of a simulated cluster. */
export function kwokBinary(report: Report): Promise<string> {
  return buildGo({ name: 'kwok', report }).then((folder) => join(folder, 'kwok'));
}

/** versitygw, S3-compatible storage with versions on this machine's disk, for tests of backups. */
export function versitygwBinary(report: Report): Promise<string> {
  return buildGo({ name: 'versitygw', report }).then((folder) => join(folder, 'versitygw'));
}
