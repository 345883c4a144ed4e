import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { type Component, LABELS, labels, names, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import { API_PORT } from './api.ts';
import { CACHE_PORT } from './cache.ts';
import { DATABASE_PORT } from './database.ts';
import { OPERATOR_NAMESPACE } from './operator.ts';
import { selector } from './pod.ts';
import { POOLER_PORT } from './pooler.ts';

/** A namespace with this label may send requests to the API, besides the Gateway's own. */
export const GATEWAY_LABEL = 'cryptosense.io/gateway';

const NAMESPACE_NAME = 'kubernetes.io/metadata.name';

/** The direction that is absent is not allowed at all. */
interface Flows {
  ingress?: k8s.NetworkPolicyIngressRule[];
  egress?: k8s.NetworkPolicyEgressRule[];
}

/**
 * One policy that allows nothing to any pod of the environment, and one a component with the flows that it needs.
 * The kubelet's probes always pass.
 */
export class NetworkChart extends Chart {
  constructor(scope: Construct, environment: ResolvedEnvironment) {
    super(scope, 'network', {
      namespace: environment.namespace,
      labels: labels(environment.name, 'network'),
    });
    const { name } = environment;
    new k8s.KubeNetworkPolicy(this, 'deny', {
      metadata: { name: names(name).network('default') },
      spec: {
        podSelector: { matchLabels: { [LABELS.environment]: name } },
        policyTypes: ['Ingress', 'Egress'],
      },
    });
    for (const [component, flows] of Object.entries(allowed(environment)) as [Component, Flows][]) {
      new k8s.KubeNetworkPolicy(this, component, {
        metadata: { name: names(name).network(component) },
        spec: {
          podSelector: { matchLabels: selector(name, component) },
          policyTypes: ['Ingress', 'Egress'],
          ...flows,
        },
      });
    }
  }
}

function allowed({ name, spec }: ResolvedEnvironment): Partial<Record<Component, Flows>> {
  const pods = (component: Component) => ({ podSelector: { matchLabels: selector(name, component) } });
  const from = (port: number, ...peers: k8s.NetworkPolicyPeer[]) => ({ from: peers, ports: [tcp(port)] });
  const to = (port: number, ...peers: k8s.NetworkPolicyPeer[]) => ({ to: peers, ports: [tcp(port)] });
  return {
    api: {
      ingress: [
        from(
          API_PORT,
          namespace(NAMESPACE_NAME, spec.routing.gateway.namespace),
          namespace(GATEWAY_LABEL, 'true'),
          // The operator reads the pods' /metrics to judge a candidate.
          namespace(NAMESPACE_NAME, OPERATOR_NAMESPACE),
        ),
      ],
      // Prices come from outside, over HTTPS from addresses that nobody knows beforehand.
      egress: [
        nameResolution(),
        to(POOLER_PORT, pods('pooler')),
        to(CACHE_PORT, pods('cache')),
        { ports: [tcp(443)] },
      ],
    },
    migration: { egress: [nameResolution(), to(DATABASE_PORT, pods('database'))] },
    pooler: {
      ingress: [from(POOLER_PORT, pods('api'))],
      egress: [nameResolution(), to(DATABASE_PORT, pods('database'))],
    },
    database: { ingress: [from(DATABASE_PORT, pods('pooler'), pods('migration'))] },
    cache: { ingress: [from(CACHE_PORT, pods('api'))] },
  };
}

function namespace(label: string, value: string): k8s.NetworkPolicyPeer {
  return { namespaceSelector: { matchLabels: { [label]: value } } };
}

function tcp(port: number): k8s.NetworkPolicyPort {
  return { protocol: 'TCP', port: k8s.IntOrString.fromNumber(port) };
}

/** Name resolution; to any address, because some clusters have their resolver on the nodes. */
function nameResolution(): k8s.NetworkPolicyEgressRule {
  const port = k8s.IntOrString.fromNumber(53);
  return {
    ports: [
      { protocol: 'UDP', port },
      { protocol: 'TCP', port },
    ],
  };
}
