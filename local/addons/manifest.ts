/** A Kubernetes object as it is sent. Plain data: these add-ons have no variants that would need a library. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  [field: string]: unknown;
}

/** On every object of an add-on, so that one selector finds them all. */
export function addonLabels(name: string): Record<string, string> {
  return { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': 'cryptosense-local' };
}

/** What the "restricted" pod security standard asks of a container, and a root file system that is not written. */
export const restrictedContainer = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
};

/** What "restricted" asks of a pod; the uid is given because images FROM scratch have no user names. */
export function restrictedPod(uid: number) {
  return {
    runAsNonRoot: true,
    runAsUser: uid,
    runAsGroup: uid,
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

/** A namespace whose pods are held to a pod security level. */
export function namespace(
  name: string,
  level: 'restricted' | 'privileged',
  more: Record<string, string> = {},
): Manifest {
  const labels = {
    ...more,
    'pod-security.kubernetes.io/enforce': level,
    'app.kubernetes.io/part-of': 'cryptosense-local',
  };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

/** Binds one service account to a cluster role. */
export function clusterRoleBinding(name: string, role: string, account: Manifest): Manifest {
  const { name: subject, namespace: home } = account.metadata;
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name, labels: account.metadata.labels ?? {} },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'ServiceAccount', name: subject, namespace: home }],
  };
}
