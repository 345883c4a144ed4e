import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { moduleFolder } from '../../local/go.ts';
import type { Report } from '../../local/report.ts';
import type { Manifest } from '../../operator/kube/resources.ts';
import type { CustomResourceDefinition } from './kube-schemas.ts';

export const PROMETHEUS_OPERATOR = 'github.com/prometheus-operator/prometheus-operator';

/** The CRD of ServiceMonitors as the Prometheus operator installs it. */
export async function serviceMonitorDefinition(report: Report): Promise<CustomResourceDefinition & Manifest> {
  const module = await moduleFolder('prometheus-operator', PROMETHEUS_OPERATOR, report);
  const file = join(module, 'example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml');
  return parse(readFileSync(file, 'utf8'));
}
