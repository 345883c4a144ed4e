import { join } from 'node:path';
import { amtoolBinary, promtoolBinary } from '../../local/node/binaries.ts';
import type { Report } from '../../local/report.ts';
import { tool } from './tool.ts';

const MONITORING = 'dist/monitoring';

/** What Prometheus and Alertmanager themselves say of the files that `npm run synth` writes for them. */
export async function alertRules(report: Report): Promise<string> {
  const [promtool, amtool] = [await promtoolBinary(report), await amtoolBinary(report)];
  const rules = join(MONITORING, 'rules/cryptosense.yml');
  // Fatal: also what is only suspicious, such as two alerts that are the same.
  const remark = await tool(promtool, ['check', 'rules', '--lint=all', '--lint-fatal', rules]);
  await tool(promtool, ['check', 'config', '--syntax-only', join(MONITORING, 'prometheus.yml')]);
  await tool(amtool, ['check-config', join(MONITORING, 'alertmanager.yml')]);
  return remark.replace('SUCCESS: ', '');
}
