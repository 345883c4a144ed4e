import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../images/bundle.ts';
import { checkout } from '../../local/checkout.ts';
import { endProcess, freePorts, startProcess } from '../integration/processes.ts';

export interface OperatorProcess {
  pid: number;
  /** Where its Prometheus text is. */
  metricsUrl: string;
  /** http://…/readyz answers 200 once its caches are filled. */
  readyUrl: string;
  /** Everything that it said. */
  log(): string;
  /** Its end; SIGTERM, when left out, is the graceful one. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface OperatorOptions {
  kubeconfig: string;
  /** What `bundleOperator` made. */
  program: string;
  env?: Record<string, string>;
}

/** The operator as its image has it, bundled into one file, whose path it returns; it is removed when this process ends. */
export async function bundleOperator(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-bundle-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, 'main.mjs');
  await bundle(join(checkout, 'operator', 'main.ts'), program);
  return program;
}

/** The operator as a process of this machine, with the command line of its image and on ports of its own. */
export async function startOperator(options: OperatorOptions): Promise<OperatorProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-operator-'));
  const [healthPort = 0, metricsPort = 0] = await freePorts(2);
  const logFile = join(folder, 'operator.log');
  const env = {
    NODE_ENV: 'production',
    KUBECONFIG: options.kubeconfig,
    POD_NAMESPACE: 'default',
    HEALTH_PORT: String(healthPort),
    METRICS_PORT: String(metricsPort),
    ...options.env,
  };
  const child: ChildProcess = startProcess(
    process.execPath,
    [...imageFlags(), options.program],
    logFile,
    env,
  );
  return {
    pid: child.pid ?? 0,
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    readyUrl: `http://127.0.0.1:${healthPort}/readyz`,
    log: () => readFileSync(logFile, 'utf8'),
    stop: async (signal = 'SIGTERM') => {
      await endProcess(child, signal);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The flags that the image gives to Node, between the binary and the program. */
function imageFlags(): string[] {
  const text = readFileSync(join(checkout, 'images', 'operator.Dockerfile'), 'utf8');
  const line = text.match(/^ENTRYPOINT (\[.*\])$/m)?.[1];
  if (line === undefined) throw new Error('images/operator.Dockerfile has no ENTRYPOINT in JSON form.');
  return (JSON.parse(line) as string[]).slice(1, -1);
}
