import { moduleVersion } from '../go.ts';

const KUBERNETES_MODULE = 'k8s.io/kubernetes';
export const KIND_MODULE = 'sigs.k8s.io/kind';

/** Like v1.34.4; local/go/kubernetes/go.mod is the one place that says so. */
export function kubernetesVersion(): Promise<string> {
  return moduleVersion('kubernetes', KUBERNETES_MODULE);
}

/** Without these, kubeadm's checks of version skew see v0.0.0 and refuse. */
export function versionFlags(version: string): string {
  const [major = '', minor = ''] = version.slice(1).split('.');
  const values = {
    'k8s.io/component-base/version.gitVersion': version,
    'k8s.io/component-base/version.gitMajor': major,
    'k8s.io/component-base/version.gitMinor': minor,
    'k8s.io/client-go/pkg/version.gitVersion': version,
  };
  return Object.entries(values)
    .map(([name, value]) => `-X ${name}=${value}`)
    .join(' ');
}
