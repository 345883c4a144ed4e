import { ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { type Component, LABELS, labels, names, type ResolvedEnvironment } from '../operator/api/resolved.ts';

/** Components whose Service has a port `http` that answers /metrics. */
const SCRAPED: Component[] = ['api', 'predictor'];

/** What tells a Prometheus of the Prometheus operator to scrape the pods; nothing when that is switched off. */
export class MonitoringChart extends Chart {
  constructor(scope: Construct, environment: ResolvedEnvironment) {
    const own = labels(environment.name, 'monitoring');
    super(scope, 'monitoring', { namespace: environment.namespace, labels: own });
    const { name, spec } = environment;
    const { enabled, interval, labels: asked } = spec.observability.serviceMonitor;
    if (!enabled) return;
    new ApiObject(this, 'monitor', {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'ServiceMonitor',
      // Labels of the user's choice must not hide those by which the operator finds its objects.
      metadata: { name: names(name).monitor, labels: { ...asked, ...own } },
      spec: {
        selector: {
          matchLabels: { [LABELS.environment]: name },
          matchExpressions: [{ key: LABELS.component, operator: 'In', values: SCRAPED }],
        },
        // The release as a label of every series, so that a candidate can be compared with the stable one.
        podTargetLabels: [LABELS.environment, LABELS.component, LABELS.revision],
        endpoints: [{ port: 'http', path: '/metrics', interval }],
      },
    });
  }
}
