import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { moduleFolder } from '../../local/go.ts';
import type { Report } from '../../local/report.ts';
import type { Manifest } from '../../operator/kube/resources.ts';
import type { CustomResourceDefinition } from './kube-schemas.ts';

export const PROMETHEUS_OPERATOR = 'github.com/prometheus-operator/prometheus-operator';

/** A CRD as the Prometheus operator installs it. */
export async function prometheusOperatorDefinition(
  plural: 'servicemonitors' | 'prometheusrules',
  report: Report,
): Promise<CustomResourceDefinition & Manifest> {
  const module = await moduleFolder('prometheus-operator', PROMETHEUS_OPERATOR, report);
  const file = join(module, `example/prometheus-operator-crd/monitoring.coreos.com_${plural}.yaml`);
  return parse(readFileSync(file, 'utf8'));
}
