import { k8s, ServiceAccount } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { names, PATRONI_STATE, type ResolvedEnvironment } from '../operator/api/resolved.ts';

const MOST_MEMBERS = 3;

/**
 * What Patroni may do, in its namespace alone: look at pods and Endpoints, write the Endpoints of this environment and the
 * labels and annotations of its members. A list, a watch and a create cannot be limited to names.
 */
export function membersRights(scope: Construct, { name, namespace }: ResolvedEnvironment): void {
  const own = names(name);
  const apiGroup = 'rbac.authorization.k8s.io';
  // Also of those that are on their way out.
  const pods = Array.from({ length: MOST_MEMBERS }, (_, i) => `${own.database}-${i}`);
  const endpoints = [own.database, ...PATRONI_STATE.map(own.databaseState)];
  new ServiceAccount(scope, 'account', { metadata: { name: own.database }, automountToken: false });
  new k8s.KubeRole(scope, 'role', {
    metadata: { name: own.database },
    rules: [
      { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] },
      { apiGroups: [''], resources: ['pods'], resourceNames: pods, verbs: ['get', 'patch'] },
      { apiGroups: [''], resources: ['endpoints'], verbs: ['list', 'watch', 'create'] },
      { apiGroups: [''], resources: ['endpoints'], resourceNames: endpoints, verbs: ['get', 'patch'] },
    ],
  });
  new k8s.KubeRoleBinding(scope, 'binding', {
    metadata: { name: own.database },
    roleRef: { apiGroup, kind: 'Role', name: own.database },
    subjects: [{ kind: 'ServiceAccount', name: own.database, namespace }],
  });
}
