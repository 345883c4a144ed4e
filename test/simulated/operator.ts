import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../images/bundle.ts';
import { bundleWebPage } from '../../images/web-page.ts';
import { checkout } from '../../local/checkout.ts';
import { imageEnvironment, imageFlags } from '../harness/image-settings.ts';
import { type OperatorProcess, startMetered } from './metered.ts';

export interface OperatorOptions {
  kubeconfig: string;
  /** What `bundleOperator` made. */
  program: string;
  env?: Record<string, string>;
}

/**
 * The operator as its image has it, bundled into one file, whose path it returns; it is removed when this process ends. The page of
 * its dashboard is built beside it only where a test opens it.
 */
export async function bundleOperator({ dashboard = false } = {}): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-bundle-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, 'main.mjs');
  await bundle(join(checkout, 'operator', 'main.ts'), program);
  if (dashboard) await bundleWebPage('dashboard/client/main.tsx', join(folder, 'dashboard'));
  return program;
}

/** The operator as a process of this machine, with the command line and the environment of its image and on ports of its own. */
export function startOperator({ kubeconfig, program, env }: OperatorOptions): Promise<OperatorProcess> {
  return startMetered({
    name: 'operator',
    binary: process.execPath,
    args: () => [...imageFlags('operator'), program],
    env: (healthPort, metricsPort) => ({
      ...imageEnvironment('operator'),
      KUBECONFIG: kubeconfig,
      POD_NAMESPACE: 'default',
      HEALTH_PORT: String(healthPort),
      METRICS_PORT: String(metricsPort),
      ...env,
    }),
  });
}
