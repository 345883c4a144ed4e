import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { type Component, LABELS, labels, names, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import { AGENT_PORT } from '../operator/backup/agent.ts';
import { checksOf } from './analysis-job.ts';
import { API_PORT } from './api.ts';
import { CACHE_PORT } from './cache.ts';
import { DATABASE_PORT } from './database-services.ts';
import { MONITORING_LABEL } from './exporters.ts';
import { OPERATOR_NAMESPACE } from './operator.ts';
import { PATRONI_PORT } from './patroni.ts';
import { selector } from './pod.ts';
import { POOLER_PORT } from './pooler.ts';
import { PREDICTOR_PORT } from './predictor.ts';
import { SENTINEL_PORT } from './sentinel.ts';

/** A namespace with this label may send requests to the API, besides the Gateway's own. */
export const GATEWAY_LABEL = 'cryptosense.io/gateway';

/** The pods of a Gateway that runs in its own namespace carry its name in this label (Gateway API, GEP-1762). */
const GATEWAY_NAME = 'gateway.networking.k8s.io/gateway-name';

const NAMESPACE_NAME = 'kubernetes.io/metadata.name';

/** Of the API server: of its Service, and what lies behind that in usual clusters. Its address is the cluster's affair. */
const API_SERVER_PORTS = [443, 6443, 8443, 16443];

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
    if (!environment.spec.network.policies) return;
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
    // The last to be written: when policies are switched on, no pod is cut off from what it is allowed.
    new k8s.KubeNetworkPolicy(this, 'deny', {
      metadata: { name: names(name).network('default') },
      spec: {
        podSelector: { matchLabels: { [LABELS.environment]: name } },
        policyTypes: ['Ingress', 'Egress'],
      },
    });
  }
}

function allowed({ name, spec }: ResolvedEnvironment): Partial<Record<Component, Flows>> {
  const pods = (component: Component) => ({ podSelector: { matchLabels: selector(name, component) } });
  const from = (port: number, ...peers: k8s.NetworkPolicyPeer[]) => ({ from: peers, ports: [tcp(port)] });
  const to = (port: number, ...peers: k8s.NetworkPolicyPeer[]) => ({ to: peers, ports: [tcp(port)] });
  const named = spec.network.egress.map(({ cidr, ports }) => ({
    to: [{ ipBlock: { cidr } }],
    ports: ports.map(tcp),
  }));
  // Prices come from outside, over HTTPS from addresses that nobody knows beforehand.
  const outside: k8s.NetworkPolicyEgressRule[] = [{ ports: [tcp(443)] }, ...named];
  const collectorPort = collectorPortOf(spec.release.config);
  const traces = collectorPort ? [to(collectorPort, namespace(MONITORING_LABEL, 'true'))] : [];
  const bucketPort = spec.backup.enabled ? portOf(spec.backup.bucket?.endpoint) : undefined;
  const recoveryPort = portOf(spec.recovery?.bucket.endpoint);
  const buckets = [bucketPort, recoveryPort].filter((port) => port !== undefined);
  const operator = namespace(NAMESPACE_NAME, OPERATOR_NAMESPACE);
  // Members replicate and ask each other; Sentinels watch the members and agree among themselves.
  const cacheFlows = (): Partial<Record<Component, Flows>> => {
    if (spec.cache.replicas === 1) return { cache: { ingress: [from(CACHE_PORT, pods('api'))] } };
    const egress = [nameResolution(), to(CACHE_PORT, pods('cache')), to(SENTINEL_PORT, pods('sentinel'))];
    return {
      cache: { ingress: [from(CACHE_PORT, pods('api'), pods('cache'), pods('sentinel'))], egress },
      sentinel: { ingress: [from(SENTINEL_PORT, pods('cache'), pods('sentinel'))], egress },
    };
  };
  return {
    api: {
      ingress: [
        from(
          API_PORT,
          ...gatewayPods(name, spec.routing),
          namespace(GATEWAY_LABEL, 'true'),
          namespace(MONITORING_LABEL, 'true'),
          // The operator reads the pods' /metrics to judge a candidate.
          operator,
          ...(checksOf(spec.rollout).length > 0 ? [pods('analysis')] : []),
          ...spec.network.clients.map(({ namespaceLabels, podLabels }) => ({
            namespaceSelector: { matchLabels: namespaceLabels },
            ...(podLabels === undefined ? {} : { podSelector: { matchLabels: podLabels } }),
          })),
        ),
      ],
      egress: [
        nameResolution(),
        to(POOLER_PORT, pods('pooler')),
        to(CACHE_PORT, pods('cache')),
        to(PREDICTOR_PORT, pods('predictor')),
        ...traces,
        ...outside,
      ],
    },
    // A check asks the release, and what it knows of the outside: as the API may.
    ...(checksOf(spec.rollout).length > 0
      ? { analysis: { egress: [nameResolution(), to(API_PORT, pods('api')), ...outside] } }
      : {}),
    migration: { egress: [nameResolution(), to(DATABASE_PORT, pods('database'))] },
    pooler: {
      ingress: [from(POOLER_PORT, pods('api'), pods('predictor'))],
      egress: [nameResolution(), to(DATABASE_PORT, pods('database'))],
    },
    predictor: {
      ingress: [from(PREDICTOR_PORT, pods('api'), namespace(MONITORING_LABEL, 'true'))],
      // A collector may be outside of the cluster, as for the API.
      egress: [nameResolution(), to(POOLER_PORT, pods('pooler')), ...traces, ...(collectorPort ? named : [])],
    },
    // Members replicate and ask each other, and Patroni needs the API server, wherever that is.
    database: {
      ingress: [
        from(
          DATABASE_PORT,
          ...[pods('pooler'), pods('migration'), pods('database')],
          ...(bucketPort ? [pods('backup')] : []),
        ),
        from(PATRONI_PORT, pods('database')),
        ...(bucketPort
          ? [from(AGENT_PORT, pods('backup'), operator, namespace(MONITORING_LABEL, 'true'))]
          : []),
      ],
      egress: [
        nameResolution(),
        to(DATABASE_PORT, pods('database')),
        to(PATRONI_PORT, pods('database')),
        { ports: [...new Set([...API_SERVER_PORTS, ...buckets])].map(tcp) },
      ],
    },
    // The storage and the API server, whose addresses nobody knows beforehand.
    ...(bucketPort
      ? {
          restore: { egress: [nameResolution(), { ports: [tcp(bucketPort)] }] },
          backup: {
            egress: [
              nameResolution(),
              to(DATABASE_PORT, pods('database')),
              to(AGENT_PORT, pods('database')),
              { ports: [...new Set([...API_SERVER_PORTS, bucketPort])].map(tcp) },
            ],
          },
        }
      : {}),
    ...cacheFlows(),
  };
}

/** Without a gateway, only those come that are named: network.clients, and namespaces with the label. */
function gatewayPods(
  name: string,
  { mode, gateway }: ResolvedEnvironment['spec']['routing'],
): k8s.NetworkPolicyPeer[] {
  if (mode === 'service') return [];
  return gateway.className === undefined
    ? [namespace(NAMESPACE_NAME, gateway.namespace)]
    : [{ podSelector: { matchLabels: { [GATEWAY_NAME]: names(name).gateway } } }];
}

/** Port of the collector that the release sends traces to; what cannot be an address is for the release itself to refuse. */
function collectorPortOf({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }: Readonly<Record<string, string>>) {
  if (endpoint === undefined || !URL.canParse(endpoint)) return undefined;
  const { port, protocol } = new URL(endpoint);
  return Number(port) || (protocol === 'https:' ? 443 : 80);
}

/** Port of an https:// address. */
function portOf(endpoint: string | undefined): number | undefined {
  return endpoint === undefined ? undefined : Number(new URL(endpoint).port) || 443;
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
