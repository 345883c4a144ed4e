import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { moduleFolder } from '../go.ts';
import type { Report } from '../report.ts';

/**
 * The custom resource definitions of the Gateway API, standard channel, as YAML. They are read where the Go module
 * has them, so that local/go/gateway-api/go.mod alone says which version it is and its go.sum that they are genuine.
 */
export async function gatewayApiDefinitions(report: Report): Promise<string> {
  const module = await moduleFolder('gateway-api', 'sigs.k8s.io/gateway-api', report);
  const folder = join(module, 'config', 'crd', 'standard');
  const files = (await readdir(folder)).filter((name) => name.startsWith('gateway.networking.k8s.io_'));
  const texts = await Promise.all(files.sort().map((name) => readFile(join(folder, name), 'utf8')));
  return texts.join('\n---\n');
}
