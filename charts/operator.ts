import { Chart } from 'cdk8s';
import { k8s, ServiceAccount } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { newPodFirst, podSpec, scratch } from './pod.ts';
import { LEASE_RULES, RULES } from './rights.ts';

export const OPERATOR_NAMESPACE = 'cryptosense-system';

const NAME = 'cryptosense-operator';

/** The labels of its objects, its Service among them. */
export function operatorLabels(): Record<string, string> {
  return { 'app.kubernetes.io/name': NAME, 'app.kubernetes.io/part-of': 'cryptosense' };
}

export interface OperatorOptions {
  /** Image of the operator. */
  image: string;
  logLevel?: 'debug' | 'info' | 'warn' | 'error';
  /** Lives in this namespace, which has to be there, looks after it alone, and has no right outside of it. */
  onlyNamespace?: string;
  /** Where it sends traces of its reconciliations: the address of an OTLP collector, and the share of them; nowhere when left out. */
  tracing?: { endpoint: string; share: number };
  /** Port of 127.0.0.1 inside the pod where the dashboard is served, for kubectl port-forward; off when left out. */
  dashboardPort?: number;
  /** The folder of the runbooks that alerts lead to; the project's own when left out. */
  runbooks?: string;
}

/**
 * The operator's installation: its rights and its one pod, and its namespace unless it is to live in another's. The
 * CRDs are a file of their own.
 */
export class OperatorChart extends Chart {
  constructor(scope: Construct, options: OperatorOptions) {
    const { image, logLevel = 'info', onlyNamespace, dashboardPort, tracing, runbooks } = options;
    const matchLabels = { 'app.kubernetes.io/name': NAME };
    super(scope, 'operator', {
      labels: operatorLabels(),
    });

    const namespace = onlyNamespace ?? OPERATOR_NAMESPACE;
    // Not the Chart's own namespace: the Chart would give it to the cluster-wide objects, too.
    const home = { name: NAME, namespace };
    if (onlyNamespace === undefined) {
      new k8s.KubeNamespace(this, 'namespace', {
        metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
      });
    }
    const account = new ServiceAccount(this, 'account', { metadata: home, automountToken: false });
    this.#rights(account.name, namespace, onlyNamespace === undefined);
    new k8s.KubeService(this, 'metrics', {
      metadata: home,
      spec: {
        selector: matchLabels,
        ports: [{ name: 'metrics', port: 8080, targetPort: k8s.IntOrString.fromString('metrics') }],
      },
    });
    new k8s.KubeNetworkPolicy(this, 'network', {
      metadata: home,
      spec: {
        podSelector: { matchLabels },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ ports: [{ protocol: 'TCP', port: k8s.IntOrString.fromString('metrics') }] }],
        // The API server's address is the cluster's own affair, and pods to be measured are everywhere.
        egress: [{}],
      },
    });
    const get = (path: string) => ({ httpGet: { path, port: k8s.IntOrString.fromString('health') } });
    new k8s.KubeDeployment(this, 'operator', {
      metadata: home,
      spec: {
        // One is enough: traffic does not need it, and a lease keeps the two of a roll-out apart.
        replicas: 1,
        revisionHistoryLimit: 2,
        strategy: newPodFirst(),
        selector: { matchLabels },
        template: {
          metadata: { labels: operatorLabels() },
          spec: podSpec({
            selector: matchLabels,
            container: {
              name: 'operator',
              image,
              env: [
                { name: 'LOG_LEVEL', value: logLevel },
                { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
                { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
                ...(onlyNamespace === undefined ? [] : [{ name: 'WATCH_NAMESPACE', value: onlyNamespace }]),
                ...(dashboardPort === undefined
                  ? []
                  : [{ name: 'DASHBOARD_PORT', value: String(dashboardPort) }]),
                ...(tracing === undefined
                  ? []
                  : [
                      { name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: tracing.endpoint },
                      { name: 'OTEL_TRACES_SAMPLER_ARG', value: String(tracing.share) },
                    ]),
                ...(runbooks === undefined ? [] : [{ name: 'RUNBOOKS_URL', value: runbooks }]),
              ],
              ports: [
                { name: 'metrics', containerPort: 8080 },
                { name: 'health', containerPort: 8081 },
              ],
              startupProbe: { ...get('/healthz'), periodSeconds: 1, timeoutSeconds: 3, failureThreshold: 60 },
              readinessProbe: { ...get('/readyz'), periodSeconds: 2, timeoutSeconds: 3, failureThreshold: 3 },
              livenessProbe: {
                ...get('/healthz'),
                periodSeconds: 20,
                timeoutSeconds: 5,
                failureThreshold: 3,
              },
            },
            resources: { cpu: '100m', memory: '512Mi' },
            mounts: [scratch('tmp', '/tmp', '64Mi')],
            serviceAccount: { name: account.name, token: true },
            terminationGraceSeconds: 30,
            placement: {},
          }),
        },
      },
    });
  }

  #rights(account: string, namespace: string, isClusterWide: boolean): void {
    const subjects = [{ kind: 'ServiceAccount', name: account, namespace }];
    const apiGroup = 'rbac.authorization.k8s.io';
    if (isClusterWide) {
      new k8s.KubeClusterRole(this, 'cluster-role', { metadata: { name: NAME }, rules: RULES });
      new k8s.KubeClusterRoleBinding(this, 'cluster-binding', {
        metadata: { name: NAME },
        roleRef: { apiGroup, kind: 'ClusterRole', name: NAME },
        subjects,
      });
    } else this.#role('environments', { name: NAME, namespace }, RULES, subjects);
    this.#role('lease', { name: `${NAME}-lease`, namespace }, LEASE_RULES, subjects);
  }

  #role(
    id: string,
    metadata: { name: string; namespace: string },
    rules: k8s.PolicyRule[],
    subjects: k8s.Subject[],
  ): void {
    const apiGroup = 'rbac.authorization.k8s.io';
    new k8s.KubeRole(this, `${id}-role`, { metadata, rules });
    new k8s.KubeRoleBinding(this, `${id}-binding`, {
      metadata,
      roleRef: { apiGroup, kind: 'Role', name: metadata.name },
      subjects,
    });
  }
}
