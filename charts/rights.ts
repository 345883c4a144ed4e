import type { k8s } from 'cdk8s-plus-28';
import {
  BACKUP_PLURAL,
  GROUP,
  NOTIFICATION_SECRET,
  PLURAL,
  RESTORE_PLURAL,
} from '../operator/api/well-known.ts';

const WATCH = ['get', 'list', 'watch'];
/** Server-side apply is a patch, and a create when the object is not there yet. */
const APPLY = [...WATCH, 'create', 'patch'];
const PRUNE = [...APPLY, 'delete'];
const KEEP = [...APPLY, 'update', 'delete'];

/** Everything that the operator may do in the namespaces that it looks after, and nothing that it does not do. */
export const RULES: k8s.PolicyRule[] = [
  // Environments are the users': the operator writes the number of replicas and status, it makes and deletes none.
  { apiGroups: [GROUP], resources: [PLURAL], verbs: [...WATCH, 'patch', 'update'] },
  { apiGroups: [GROUP], resources: [`${PLURAL}/status`], verbs: ['get', 'patch', 'update'] },
  // For ownerReferences with blockOwnerDeletion, where the cluster enforces that.
  { apiGroups: [GROUP], resources: [`${PLURAL}/finalizers`], verbs: ['update'] },
  // Migrations wait for one that is verified.
  { apiGroups: [GROUP], resources: [BACKUP_PLURAL], verbs: APPLY },
  // Of one whose Job was lost, nobody else would say so.
  { apiGroups: [GROUP], resources: [`${BACKUP_PLURAL}/status`], verbs: ['patch'] },
  // Restores are asked for by people, and rehearsals by the schedule; nobody's is deleted.
  { apiGroups: [GROUP], resources: [RESTORE_PLURAL], verbs: APPLY },
  { apiGroups: [GROUP], resources: [`${RESTORE_PLURAL}/status`], verbs: ['get', 'patch'] },
  // Releases come and go.
  { apiGroups: ['apps'], resources: ['deployments', 'controllerrevisions'], verbs: KEEP },
  // Where a release gets more or fewer pods and nothing else changes.
  { apiGroups: ['apps'], resources: ['deployments/scale'], verbs: ['patch'] },
  { apiGroups: [''], resources: ['services', 'configmaps'], verbs: KEEP },
  { apiGroups: ['batch'], resources: ['jobs'], verbs: KEEP },
  { apiGroups: ['batch'], resources: ['cronjobs'], verbs: PRUNE },
  // Deleted in order with their environment; some of it also when a component is switched off or set in another way.
  { apiGroups: ['apps'], resources: ['statefulsets'], verbs: PRUNE },
  { apiGroups: [''], resources: ['serviceaccounts'], verbs: PRUNE },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: PRUNE },
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: PRUNE },
  { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: PRUNE },
  { apiGroups: ['gateway.networking.k8s.io'], resources: ['httproutes'], verbs: KEEP },
  { apiGroups: ['gateway.networking.k8s.io'], resources: ['gateways'], verbs: PRUNE },
  { apiGroups: ['monitoring.coreos.com'], resources: ['servicemonitors', 'prometheusrules'], verbs: PRUNE },
  // Members of a database are replaced one by one, and told to restart or to hand over by an annotation.
  { apiGroups: [''], resources: ['pods'], verbs: [...WATCH, 'patch', 'delete'] },
  // Patroni's rights, and those of the Jobs that take backups, which the operator gives: nobody can give what he has not himself.
  { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs: PRUNE },
  { apiGroups: [''], resources: ['endpoints'], verbs: APPLY },
  // Only looked at.
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: WATCH },
  // Whether cert-manager is there, and what it says of the certificate of a Gateway.
  { apiGroups: ['cert-manager.io'], resources: ['certificates'], verbs: WATCH },
  // A volume grows by its claim; claims are never made and never deleted.
  { apiGroups: [''], resources: ['persistentvolumeclaims'], verbs: [...WATCH, 'patch'] },
  // Credentials are made once; the operator never reads one, not even its own.
  { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
  // The one Secret that is for the operator to read: where messages go. To any other it has to be given the right.
  { apiGroups: [''], resources: ['secrets'], resourceNames: [NOTIFICATION_SECRET], verbs: ['get'] },
  { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch', 'update'] },
];

/** In the operator's own namespace: the lease that makes sure that one of them works. */
export const LEASE_RULES: k8s.PolicyRule[] = [
  // A create cannot be limited to a name.
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
  {
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    resourceNames: ['cryptosense-operator'],
    verbs: ['get', 'patch', 'update'],
  },
];
