import { GATEWAY_LABEL } from '../../charts/network.ts';
import {
  addonLabels,
  clusterRoleBinding,
  type Manifest,
  namespace,
  restrictedContainer,
  restrictedPod,
} from './manifest.ts';
import { httpPort, metricsPort, probePort, traefikArguments } from './traefik-arguments.ts';

const labels = addonLabels('traefik');
const home = { namespace: 'traefik-system', labels };
const uid = 65532;

/** The Gateway that every environment's HTTPRoutes attach to. */
export const sharedGateway = { name: 'cryptosense', namespace: 'gateway-system', className: 'traefik' };

const account: Manifest = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'traefik', ...home },
};

const gatewayKinds = ['gatewayclasses', 'gateways', 'httproutes', 'grpcroutes', 'backendtlspolicies'];

const role: Manifest = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'cryptosense-traefik', labels },
  rules: [
    {
      apiGroups: [''],
      resources: ['namespaces', 'services', 'configmaps', 'secrets'],
      verbs: ['get', 'list', 'watch'],
    },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
    {
      apiGroups: ['gateway.networking.k8s.io'],
      resources: [...gatewayKinds, 'referencegrants'],
      verbs: ['get', 'list', 'watch'],
    },
    {
      apiGroups: ['gateway.networking.k8s.io'],
      resources: gatewayKinds.map((kind) => `${kind}/status`),
      verbs: ['update'],
    },
  ],
};

const probe = { httpGet: { path: '/ping', port: probePort }, periodSeconds: 2 };

function deployment(image: string): Manifest {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'traefik', ...home },
    spec: {
      replicas: 1,
      // Two pods cannot hold the same port of one node: the old one goes first.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
      selector: { matchLabels: { 'app.kubernetes.io/name': 'traefik' } },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: 'traefik',
          terminationGracePeriodSeconds: 20,
          // Without a capability the port below 1024 is opened to every uid, in this pod's own network only.
          securityContext: {
            ...restrictedPod(uid),
            sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }],
          },
          // Where kubeadm keeps ordinary pods off its only node, the gateway has to be there all the same: kind
          // maps the ports of that node to the machine.
          tolerations: [
            { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' },
          ],
          containers: [
            {
              name: 'traefik',
              image,
              imagePullPolicy: 'IfNotPresent',
              args: traefikArguments,
              ports: [
                { name: 'web', containerPort: httpPort, hostPort: httpPort },
                { name: 'metrics', containerPort: metricsPort },
              ],
              readinessProbe: probe,
              livenessProbe: { ...probe, periodSeconds: 10, failureThreshold: 3 },
              resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '512Mi' } },
              securityContext: restrictedContainer,
            },
          ],
        },
      },
    },
  };
}

/** Traefik as the data plane of the Gateway API, on port 80 of the node. */
export function traefik(image: string): Manifest[] {
  return [
    // "privileged" for one thing alone: a hostPort is not allowed below it. The pod keeps to the rest of "restricted".
    // The label lets its pods through the network policies of environments.
    namespace(home.namespace, 'privileged', { [GATEWAY_LABEL]: 'true' }),
    account,
    role,
    clusterRoleBinding('cryptosense-traefik', role.metadata.name, account),
    deployment(image),
  ];
}

/** The GatewayClass and the Gateway that routes of all namespaces may attach to; they need the CRDs first. */
export function gateway(): Manifest[] {
  return [
    namespace(sharedGateway.namespace, 'restricted'),
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'GatewayClass',
      metadata: { name: sharedGateway.className, labels },
      spec: { controllerName: 'traefik.io/gateway-controller' },
    },
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name: sharedGateway.name, namespace: sharedGateway.namespace, labels },
      spec: {
        gatewayClassName: sharedGateway.className,
        listeners: [
          { name: 'http', protocol: 'HTTP', port: httpPort, allowedRoutes: { namespaces: { from: 'All' } } },
        ],
      },
    },
  ];
}
