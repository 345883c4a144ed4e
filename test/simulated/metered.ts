import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endProcess, freePorts, startProcess } from '../integration/processes.ts';

/** An operator, ours or another, as a process of this machine. */
export interface OperatorProcess {
  pid: number;
  /** Where its Prometheus text is. */
  metricsUrl: string;
  /** Answers 200 once its caches are filled. */
  readyUrl: string;
  /** Everything that it said. */
  log(): string;
  /** Resolves with its exit code, or null when a signal ended it. */
  ended: Promise<number | null>;
  /** Sends the signal and waits for nothing. */
  signal(signal: NodeJS.Signals): void;
  /** Its end; SIGTERM, when left out, is the graceful one. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface MeteredProgram {
  name: string;
  binary: string;
  args(healthPort: number, metricsPort: number): string[];
  env(healthPort: number, metricsPort: number): Record<string, string>;
}

/** Starts a program that serves /readyz and /metrics, on free ports. */
export async function startMetered(program: MeteredProgram): Promise<OperatorProcess> {
  const folder = mkdtempSync(join(tmpdir(), `cryptosense-${program.name}-`));
  const [health = 0, metrics = 0] = await freePorts(2);
  const logFile = join(folder, `${program.name}.log`);
  const { binary } = program;
  const child = startProcess(binary, program.args(health, metrics), logFile, program.env(health, metrics));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  // What it said is asked for after its end, too, when a test has failed.
  let said: string | undefined;
  const log = () => said ?? readFileSync(logFile, 'utf8');
  return {
    pid: child.pid ?? 0,
    ended,
    signal: (signal) => child.kill(signal),
    metricsUrl: `http://127.0.0.1:${metrics}/metrics`,
    readyUrl: `http://127.0.0.1:${health}/readyz`,
    log,
    stop: async (signal = 'SIGTERM') => {
      await endProcess(child, signal);
      said ??= log();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
