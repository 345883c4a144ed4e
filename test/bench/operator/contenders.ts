import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkout } from '../../../local/checkout.ts';
import { buildGo } from '../../../local/go.ts';
import type { Report } from '../../../local/report.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { type OperatorProcess, startMetered } from '../../simulated/metered.ts';
import { bundleOperator, startOperator } from '../../simulated/operator.ts';
import { templatesFor } from './templates.ts';

/** An operator that is measured. */
export interface Contender {
  name: 'ours' | 'peer';
  start(kubeconfig: string): Promise<OperatorProcess>;
}

export const PEER_NAME = 'controller-runtime v0.25.2';

/** Ours as its image has it. */
export async function ours(): Promise<Contender> {
  const program = await bundleOperator();
  return {
    name: 'ours',
    // What it writes goes to a file, as it does in a cluster.
    start: (kubeconfig) => startOperator({ kubeconfig, program }),
  };
}

/** test/bench/peer, with templates for environments that have this spec. */
export async function peer(spec: EnvironmentSpec, report: Report): Promise<Contender> {
  const directory = join(checkout, 'test', 'bench', 'peer');
  const built = await buildGo({ name: 'bench-peer', directory, packages: ['.'], report });
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-peer-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const templates = join(folder, 'templates.json');
  writeFileSync(templates, JSON.stringify(templatesFor(spec)));
  return {
    name: 'peer',
    start: (kubeconfig) =>
      startMetered({
        name: 'peer',
        binary: join(built, 'peer'),
        args: (health, metrics) => [
          `--templates=${templates}`,
          `--health=127.0.0.1:${health}`,
          `--metrics=127.0.0.1:${metrics}`,
        ],
        env: () => ({ KUBECONFIG: kubeconfig }),
      }),
  };
}
