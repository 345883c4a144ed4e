import {
  addonLabels,
  clusterRoleBinding,
  type Manifest,
  restrictedContainer,
  restrictedPod,
} from './manifest.ts';

const labels = addonLabels('metrics-server');
const home = { namespace: 'kube-system', labels };
const port = 10250;

const account: Manifest = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'metrics-server', ...home },
};

const reader: Manifest = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'system:metrics-server', labels },
  rules: [
    { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
    { apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] },
  ],
};

/** Lets whoever may view a namespace also see its figures (`kubectl top`). */
const figures: Manifest = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: {
    name: 'system:aggregated-metrics-reader',
    labels: {
      ...labels,
      'rbac.authorization.k8s.io/aggregate-to-view': 'true',
      'rbac.authorization.k8s.io/aggregate-to-edit': 'true',
      'rbac.authorization.k8s.io/aggregate-to-admin': 'true',
    },
  },
  rules: [{ apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] }],
};

const authentication: Manifest = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: 'metrics-server-auth-reader', ...home },
  roleRef: {
    apiGroup: 'rbac.authorization.k8s.io',
    kind: 'Role',
    name: 'extension-apiserver-authentication-reader',
  },
  subjects: [{ kind: 'ServiceAccount', name: account.metadata.name, namespace: home.namespace }],
};

const service: Manifest = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'metrics-server', ...home },
  spec: {
    selector: { 'app.kubernetes.io/name': 'metrics-server' },
    ports: [{ name: 'https', port: 443, targetPort: port, appProtocol: 'https' }],
  },
};

const apiService: Manifest = {
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name: 'v1beta1.metrics.k8s.io', labels },
  spec: {
    group: 'metrics.k8s.io',
    version: 'v1beta1',
    service: { name: 'metrics-server', namespace: home.namespace },
    // Its certificate is made by itself at every start.
    insecureSkipTLSVerify: true,
    groupPriorityMinimum: 100,
    versionPriority: 100,
  },
};

function deployment(image: string): Manifest {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'metrics-server', ...home },
    spec: {
      replicas: 1,
      selector: { matchLabels: { 'app.kubernetes.io/name': 'metrics-server' } },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: account.metadata.name,
          priorityClassName: 'system-cluster-critical',
          securityContext: restrictedPod(65532),
          containers: [
            {
              name: 'metrics-server',
              image,
              imagePullPolicy: 'IfNotPresent',
              args: [
                `--secure-port=${port}`,
                '--cert-dir=/tmp',
                // kubeadm's kubelets sign their serving certificates themselves.
                '--kubelet-insecure-tls',
                '--kubelet-preferred-address-types=InternalIP',
                '--kubelet-use-node-status-port',
                // The shortest that it accepts: an HPA on a laptop should be seen to react.
                '--metric-resolution=10s',
                '--kubelet-request-timeout=8s',
              ],
              ports: [{ name: 'https', containerPort: port }],
              readinessProbe: { httpGet: { path: '/readyz', port, scheme: 'HTTPS' }, periodSeconds: 2 },
              livenessProbe: { httpGet: { path: '/livez', port, scheme: 'HTTPS' }, periodSeconds: 10 },
              resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '256Mi' } },
              securityContext: restrictedContainer,
              volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
            },
          ],
          volumes: [{ name: 'tmp', emptyDir: {} }],
        },
      },
    },
  };
}

/** The figures that HorizontalPodAutoscalers and `kubectl top` read. */
export function metricsServer(image: string): Manifest[] {
  return [
    account,
    reader,
    figures,
    clusterRoleBinding('system:metrics-server', reader.metadata.name, account),
    clusterRoleBinding('metrics-server:system:auth-delegator', 'system:auth-delegator', account),
    authentication,
    service,
    apiService,
    deployment(image),
  ];
}
