import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import { type PrometheusGroup, ruleGroups } from '../../charts/alerts/rule-groups.ts';
import { prometheusConfig } from '../../charts/alerts/scrape.ts';
import { MONITORING_LABEL } from '../../charts/exporters.ts';
import { RUNBOOKS } from '../../operator/api/tiers.ts';
import type { Report } from '../report.ts';
import { type AddonCluster, apply, lookUp, waitForRollout } from './cluster-access.ts';
import {
  addonLabels,
  clusterRoleBinding,
  type Manifest,
  namespace,
  restrictedContainer,
  restrictedPod,
} from './manifest.ts';

export const MONITORING_NAMESPACE = 'cryptosense-monitoring';

const NAME = 'prometheus';
const labels = addonLabels(NAME);
const home = { namespace: MONITORING_NAMESPACE, labels };
const PORT = 9090;

const account: Manifest = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: NAME, ...home },
};

/** It finds pods and nodes, and reads what the kubelets say of volumes. */
const reader: Manifest = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'cryptosense-prometheus', labels },
  rules: [
    { apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] },
    { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
  ],
};

/** What Prometheus does in a cluster of this machine. Tests whose minutes are seconds have rules and intervals of their own. */
export interface PrometheusSettings {
  readonly groups: readonly PrometheusGroup[];
  /** How often pods are asked, as a duration of Prometheus. */
  readonly interval: string;
  /** The same of kubelets. */
  readonly kubelets: string;
}

/** Every rule there is, with the times that it has everywhere. */
export const EVERYDAY: PrometheusSettings = {
  groups: [
    ...ruleGroups('environment', { runbooks: RUNBOOKS }),
    ...ruleGroups('operator', { runbooks: RUNBOOKS }),
  ],
  interval: '5s',
  // They count what volumes hold once a minute.
  kubelets: '30s',
};

function settingsMap({ groups, interval, kubelets }: PrometheusSettings): Manifest {
  const yaml = (value: object) => stringify(value, { aliasDuplicateObjects: false });
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: NAME, ...home },
    data: {
      'prometheus.yml': yaml(prometheusConfig({ interval, kubelets })),
      'cryptosense.yml': yaml({ groups }),
    },
  };
}

const service: Manifest = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: NAME, ...home },
  spec: {
    selector: { 'app.kubernetes.io/name': NAME },
    ports: [{ name: 'http', port: PORT, targetPort: PORT }],
  },
};

/** `settings`: a hash of them, by which the pod is replaced when they change. */
function deployment(image: string, settings: string): Manifest {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: NAME, ...home },
    spec: {
      replicas: 1,
      // Two at a time would want the memory twice.
      strategy: { type: 'Recreate' },
      selector: { matchLabels: { 'app.kubernetes.io/name': NAME } },
      template: {
        metadata: { labels, annotations: { 'cryptosense.io/settings': settings } },
        spec: {
          serviceAccountName: account.metadata.name,
          securityContext: { ...restrictedPod(65532), fsGroup: 65532 },
          containers: [
            {
              name: NAME,
              image,
              imagePullPolicy: 'IfNotPresent',
              args: [
                '--config.file=/etc/prometheus/prometheus.yml',
                '--storage.tsdb.path=/data',
                // A day of a few hundred series: this one is for looking, not for keeping.
                '--storage.tsdb.retention.time=24h',
                '--storage.tsdb.retention.size=400MB',
                `--web.listen-address=:${PORT}`,
              ],
              env: [{ name: 'GOMEMLIMIT', value: '230MiB' }],
              ports: [{ name: 'http', containerPort: PORT }],
              readinessProbe: { httpGet: { path: '/-/ready', port: PORT }, periodSeconds: 2 },
              livenessProbe: { httpGet: { path: '/-/healthy', port: PORT }, periodSeconds: 30 },
              resources: { requests: { cpu: '50m', memory: '256Mi' }, limits: { memory: '256Mi' } },
              securityContext: restrictedContainer,
              volumeMounts: [
                { name: 'settings', mountPath: '/etc/prometheus', readOnly: true },
                { name: 'data', mountPath: '/data' },
              ],
            },
          ],
          volumes: [
            {
              name: 'settings',
              configMap: {
                name: NAME,
                items: [
                  { key: 'prometheus.yml', path: 'prometheus.yml' },
                  { key: 'cryptosense.yml', path: 'rules/cryptosense.yml' },
                ],
              },
            },
            { name: 'data', emptyDir: { sizeLimit: '500Mi' } },
          ],
        },
      },
    },
  };
}

/** A Prometheus that scrapes the operator, every environment and the kubelets; all of it in a namespace of its own. */
export function prometheus(image: string, settings: PrometheusSettings = EVERYDAY): Manifest[] {
  const map = settingsMap(settings);
  const hash = createHash('sha256').update(JSON.stringify(map)).digest('hex').slice(0, 16);
  return [
    namespace(MONITORING_NAMESPACE, 'restricted', { [MONITORING_LABEL]: 'true' }),
    account,
    reader,
    clusterRoleBinding('cryptosense-prometheus', 'cryptosense-prometheus', account),
    map,
    service,
    deployment(image, hash),
  ];
}

/** Applies it and waits until it answers. Its image is in the cluster, or the cluster pulls it. Idempotent. */
export async function installPrometheus(cluster: AddonCluster, image: string, report: Report): Promise<void> {
  await apply(cluster, 'Prometheus', prometheus(image));
  report('waiting for Prometheus');
  await waitForRollout(cluster, MONITORING_NAMESPACE, NAME);
}

export async function hasPrometheusOperator(cluster: AddonCluster): Promise<boolean> {
  const definition = await lookUp(cluster, ['crd', 'prometheusrules.monitoring.coreos.com', '--output=name']);
  return definition !== undefined;
}
