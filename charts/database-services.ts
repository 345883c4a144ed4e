import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { LABELS, names, PATRONI_STATE, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import { selector } from './pod.ts';

export const DATABASE_PORT = 5432;

/** The Services of the database: for the primary, for replicas, for each member by name, and for Patroni's memory. */
export function databaseServices(scope: Construct, { name, spec }: ResolvedEnvironment): void {
  const own = names(name);
  const port = (targetPort: k8s.IntOrString) => [{ name: 'postgresql', port: DATABASE_PORT, targetPort }];
  const ports = port(k8s.IntOrString.fromString('postgresql'));
  // Without a selector: Patroni writes its Endpoints.
  new k8s.KubeService(scope, 'service', {
    metadata: { name: own.database },
    spec: { ports: port(k8s.IntOrString.fromNumber(DATABASE_PORT)) },
  });
  new k8s.KubeService(scope, 'members', {
    metadata: { name: own.databaseMembers },
    spec: {
      clusterIp: 'None',
      publishNotReadyAddresses: true,
      selector: selector(name, 'database'),
      ports,
    },
  });
  const isGroup = spec.database.members > 1;
  if (isGroup) {
    new k8s.KubeService(scope, 'replicas', {
      // Patroni gives the label to running pods: no template has it.
      metadata: {
        name: own.databaseReplicas,
        annotations: { 'kube-score/ignore': 'service-targets-pod' },
      },
      spec: { selector: { ...selector(name, 'database'), [LABELS.role]: 'replica' }, ports },
    });
  }
  // What Patroni remembers is in Endpoints of these names; without a Service Kubernetes takes Endpoints for leftovers. Of
  // several volumes it alone says which has every confirmed write: it stays as long as they do.
  const labels = isGroup ? { labels: { [LABELS.retained]: 'true' } } : {};
  for (const what of PATRONI_STATE)
    new k8s.KubeService(scope, what, {
      metadata: { name: own.databaseState(what), ...labels },
      spec: { clusterIp: 'None' },
    });
}
