import type { Manifest } from '../../operator/api/resolved.ts';
import { BACKUP_PLURAL, GROUP, PLURAL } from '../../operator/api/well-known.ts';

/** Where the dashboard is in the cluster on this machine. */
export const DASHBOARD_PORT = 8090;

const ACCOUNT = { name: 'dashboard', namespace: 'default' };
const ROLE = 'cryptosense-dashboard';

/** A service account whose token sees every environment in the dashboard and may give commands: for this machine's cluster alone. */
export function dashboardAccess(): Manifest[] {
  const apiGroup = 'rbac.authorization.k8s.io';
  const apiVersion = `${apiGroup}/v1`;
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: ACCOUNT, automountServiceAccountToken: false },
    {
      apiVersion,
      kind: 'ClusterRole',
      metadata: { name: ROLE },
      rules: [
        { apiGroups: [GROUP], resources: [PLURAL], verbs: ['get', 'list', 'watch', 'patch'] },
        {
          apiGroups: [GROUP],
          resources: [BACKUP_PLURAL, 'cryptosenserestores'],
          verbs: ['get', 'list', 'watch'],
        },
        { apiGroups: [''], resources: ['events'], verbs: ['get', 'list', 'watch'] },
      ],
    },
    {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata: { name: ROLE },
      roleRef: { apiGroup, kind: 'ClusterRole', name: ROLE },
      subjects: [{ kind: 'ServiceAccount', ...ACCOUNT }],
    },
  ];
}
