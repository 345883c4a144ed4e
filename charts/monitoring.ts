import { ApiObject, Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { type Component, LABELS, labels, names, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import { RUNBOOKS } from '../operator/api/tiers.ts';
import { ruleGroups } from './alerts/rule-groups.ts';
import { EXPORTERS, exported, exporterPolicy, METRICS_PORT } from './exporters.ts';
import { selector } from './pod.ts';

/** Components whose Services have a port that answers /metrics; the exporters' belong to the last. */
const SCRAPED: Component[] = ['api', 'predictor', 'monitoring'];

const API_VERSION = 'monitoring.coreos.com/v1';

/**
 * What tells a Prometheus of the Prometheus operator to scrape the pods, and which alerts there are about them; each may
 * be switched off.
 */
export class MonitoringChart extends Chart {
  constructor(scope: Construct, environment: ResolvedEnvironment) {
    const own = labels(environment.name, 'monitoring');
    super(scope, 'monitoring', { namespace: environment.namespace, labels: own });
    const { name, namespace, spec } = environment;
    const { serviceMonitor, rules } = spec.observability;
    // Labels of the user's choice must not hide those by which the operator finds its objects.
    if (serviceMonitor.enabled) {
      new ApiObject(this, 'monitor', {
        apiVersion: API_VERSION,
        kind: 'ServiceMonitor',
        metadata: { name: names(name).monitor, labels: { ...serviceMonitor.labels, ...own } },
        spec: scraped(name, serviceMonitor.interval),
      });
      // Not the Services of the components themselves: those are for clients.
      for (const component of exported(environment)) {
        const { port } = EXPORTERS[component];
        new k8s.KubeService(this, component, {
          metadata: { name: names(name).metrics(component) },
          spec: {
            clusterIp: 'None',
            publishNotReadyAddresses: true,
            selector: selector(name, component),
            ports: [{ name: METRICS_PORT, port, targetPort: k8s.IntOrString.fromString(METRICS_PORT) }],
          },
        });
      }
    }
    if (exported(environment).length > 0 && spec.network.policies)
      new k8s.KubeNetworkPolicy(
        this,
        'exporters',
        exporterPolicy(environment, names(name).network('metrics')),
      );
    if (rules.enabled) {
      const groups = ruleGroups('environment', {
        one: { namespace, name },
        labels: { tier: spec.tier },
        severity: (asked) => (rules.paging ? asked : 'slack'),
        runbooks: rules.runbooks ?? RUNBOOKS,
      });
      new ApiObject(this, 'rules', {
        apiVersion: API_VERSION,
        kind: 'PrometheusRule',
        metadata: { name: names(name).rules, labels: { ...rules.labels, ...own } },
        spec: { groups },
      });
    }
  }
}

function scraped(environment: string, interval: string): object {
  return {
    selector: {
      matchLabels: { [LABELS.environment]: environment },
      matchExpressions: [{ key: LABELS.component, operator: 'In', values: SCRAPED }],
    },
    // The release as a label of every series, so that a candidate can be compared with the stable one.
    podTargetLabels: [LABELS.environment, LABELS.component, LABELS.revision],
    endpoints: ['http', METRICS_PORT].map((port) => ({
      port,
      path: '/metrics',
      interval,
      // By this name the alerts, the dashboards and the operator's own figures know it.
      relabelings: [{ action: 'replace', replacement: environment, targetLabel: 'environment' }],
    })),
  };
}
