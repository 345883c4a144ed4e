import { stringify } from 'yaml';
import { RUNBOOKS } from '../operator/api/tiers.ts';
import { alertmanagerConfig } from './alerts/alertmanager.ts';
import { ruleGroups } from './alerts/rule-groups.ts';
import { prometheusConfig } from './alerts/scrape.ts';
import type { Dashboard } from './dashboards/dashboard.ts';
import { DASHBOARDS, grafanaDashboard } from './dashboards/grafana.ts';
import { OPERATOR_NAMESPACE, operatorLabels } from './operator.ts';

/**
 * What a cluster's monitoring is given besides what the operator writes itself, by path inside dist/monitoring: for a
 * Prometheus of the Prometheus operator one file to apply, and for any other its configuration, rules and routes. `runbooks`
 * is the folder that alerts lead to.
 */
export function monitoringFiles(runbooks = RUNBOOKS): Map<string, string> {
  const options = { runbooks };
  const everything = [...ruleGroups('environment', options), ...ruleGroups('operator', options)];
  return new Map([
    ['prometheus-operator.yaml', aboutTheOperator(runbooks).map(text).join('---\n')],
    ['prometheus.yml', text(prometheusConfig({ alertmanager: 'alertmanager:9093' }))],
    ['rules/cryptosense.yml', text({ groups: everything })],
    ['alertmanager.yml', text(alertmanagerConfig())],
    ['grafana-dashboards.yaml', DASHBOARDS.map(configMap).map(text).join('---\n')],
    ...DASHBOARDS.map((each): [string, string] => [fileOf(each), json(each)]),
  ]);
}

/** The operator itself is nobody's environment: who installs it applies these. */
function aboutTheOperator(runbooks: string): object[] {
  const apiVersion = 'monitoring.coreos.com/v1';
  const metadata = { name: 'cryptosense-operator', namespace: OPERATOR_NAMESPACE, labels: operatorLabels() };
  return [
    {
      apiVersion,
      kind: 'ServiceMonitor',
      metadata,
      spec: {
        selector: { matchLabels: operatorLabels() },
        // It says of which environment its figures are: these labels are not to be taken for those of its pod.
        endpoints: [{ port: 'metrics', path: '/metrics', interval: '30s', honorLabels: true }],
      },
    },
    {
      apiVersion,
      kind: 'PrometheusRule',
      metadata,
      spec: { groups: ruleGroups('operator', { runbooks }) },
    },
  ];
}

const fileOf = ({ uid }: Dashboard) => `dashboards/${uid}.json`;

const json = (dashboard: Dashboard) => `${JSON.stringify(grafanaDashboard(dashboard), null, 2)}\n`;

/** Grafana's sidecar loads every ConfigMap with this label. */
function configMap(dashboard: Dashboard): object {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: dashboard.uid,
      namespace: OPERATOR_NAMESPACE,
      labels: { ...operatorLabels(), grafana_dashboard: '1' },
    },
    data: { [`${dashboard.uid}.json`]: json(dashboard) },
  };
}

function text(value: object): string {
  return stringify(value, { aliasDuplicateObjects: false, lineWidth: 110 });
}
